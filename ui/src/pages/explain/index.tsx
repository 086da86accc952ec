import { Route, Routes } from "react-router";

import { NotFound } from "@/app/NotFound";
import { useFilter } from "@/shared/useFilter";

import { ExplainAlert } from "./ExplainAlert";
import { RecentAlerts } from "./RecentAlerts";
import { SendAlert } from "./send/SendAlert";

export default function ExplainPage() {
  return (
    <Routes>
      <Route index element={<Explain />} />
      <Route path="send" element={<SendAlert />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

/** The alert is a parameter, and no part of the path: ids of alerts are free text, slashes and all. */
function Explain() {
  const [alertId] = useFilter("alert");
  return alertId === null ? <RecentAlerts /> : <ExplainAlert key={alertId} alertId={alertId} />;
}
