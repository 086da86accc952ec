import { Route, Routes } from "react-router";

import { NotFound } from "@/app/NotFound";

import { ClientDetail } from "./ClientDetail";
import { ClientsAndKeys } from "./ClientsAndKeys";

export default function ClientsPage() {
  return (
    <Routes>
      <Route index element={<ClientsAndKeys />} />
      <Route path=":clientId" element={<ClientDetail />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}
