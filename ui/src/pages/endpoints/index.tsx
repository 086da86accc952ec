import { Route, Routes } from "react-router";

import { NotFound } from "@/app/NotFound";

import { EditEndpoint } from "./EditEndpoint";
import { EndpointDetail } from "./EndpointDetail";
import { EndpointList } from "./EndpointList";
import { NewEndpoint } from "./NewEndpoint";

export default function EndpointsPage() {
  return (
    <Routes>
      <Route index element={<EndpointList />} />
      <Route path="new" element={<NewEndpoint />} />
      <Route path=":endpointId" element={<EndpointDetail />} />
      <Route path=":endpointId/edit" element={<EditEndpoint />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}
