import { Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { Route, Routes } from "react-router";

import { useCaller } from "@/app/caller";
import { NotFound } from "@/app/NotFound";
import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";
import { useFilter } from "@/shared/useFilter";

import { ExplainAlert } from "./ExplainAlert";
import { RecentAlerts } from "./RecentAlerts";
import { TryPayload } from "./payload/TryPayload";
import { SendAlert } from "./send/SendAlert";

export default function ExplainPage() {
  return (
    <Routes>
      <Route index element={<Explain />} />
      <Route path="send" element={<SendAlert />} />
      <Route path="payload" element={<TryPayload />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

/** The alert and its owner are parameters, and no part of the path: ids of alerts are free text, slashes and all. */
function Explain() {
  const caller = useCaller();
  const [alertId] = useFilter("alert");
  const [owner] = useFilter("owner");
  if (caller.isKnown && !caller.may("notifications:read")) return <NotAllowed />;
  if (alertId === null) return <RecentAlerts />;
  return <ExplainAlert key={JSON.stringify([alertId, owner])} alertId={alertId} owner={owner ?? undefined} />;
}

function NotAllowed() {
  return (
    <>
      <PageHeader title="Explain" />
      <EmptyState title="Your key may not see alerts" icon={IconLock}>
        <Text size="sm" c="dimmed" maw={480}>
          That takes the scope notifications:read. With rules:read alone, the API explains an alert whose id
          you know: GET /api/v1/alerts/&lt;id&gt;/explain.
        </Text>
      </EmptyState>
    </>
  );
}
