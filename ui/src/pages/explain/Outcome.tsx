import { Anchor, Button, Paper, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import type { AlertDetail, Explanation, Notification } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { notifiedOwnerOf, ownerOf } from "@/shared/alert-identity";
import { StatusBadge } from "@/shared/badges";
import { ErrorState } from "@/shared/ErrorState";
import { count } from "@/shared/figures";
import { OneLine } from "@/shared/HostileText";

import classes from "./explain.module.css";
import { verdictOf } from "./findings";

/** A client is told that alerts of one id fire twice at most: of the shared one, and of its own. */
const OF_ONE_ID_MAX = 2;
const SOON_MS = 1_000;
const LATER_MS = 15_000;
/** For so long after its coming a missing notification may be still in the making. */
const YOUNG_MS = 60_000;

/** What became of the alert for this client, in one sentence, followed until it has ended. */
export function Outcome({ alert, explanation }: { alert: AlertDetail; explanation: Explanation }) {
  const api = useApi();
  const caller = useCaller();
  const owner = ownerOf(alert);
  const made = useQuery({
    queryKey: ["notifications", "of-alert", alert.alert_id, owner, explanation.client_id],
    queryFn: async ({ signal }) => {
      const { client_id } = explanation;
      const query = { alert_id: alert.alert_id, client_id, kind: "FIRING" as const, limit: OF_ONE_ID_MAX };
      const { items } = await ask(api.GET("/api/v1/notifications", { params: { query }, signal }));
      return items.find((each) => notifiedOwnerOf(each) === owner) ?? null;
    },
    refetchInterval: ({ state }) => {
      const isYoung = state.dataUpdatedAt - Date.parse(alert.received_at) < YOUNG_MS;
      return state.data?.status === "RECEIVED" || (isYoung && !state.data) ? SOON_MS : LATER_MS;
    },
    enabled: caller.may("notifications:read"),
  });
  if (made.isError) return <ErrorState error={made.error} onRetry={() => made.refetch()} />;
  if (made.data === undefined) return null;
  const isYoung = made.dataUpdatedAt - Date.parse(alert.received_at) < YOUNG_MS;
  const { title, says } = wordsOf(explanation, made.data, isYoung);
  return (
    <Paper component="section" aria-label="What became of it">
      <div className={classes.outcome} aria-live="polite">
        <div>
          <Text fw={600} component="div">
            {title} {made.data !== null && <StatusBadge status={made.data.status} />}
          </Text>
          <Text size="sm" c="dimmed" mt={2}>
            {says}
          </Text>
        </div>
        {made.data !== null && (
          <Button component={Link} to={`/notifications/${made.data.notification_id}`}>
            Show the notification
          </Button>
        )}
      </div>
    </Paper>
  );
}

function wordsOf(
  { client_id: clientId, examined, matched, rules }: Explanation,
  notification: Notification | null,
  isYoung: boolean,
): { title: ReactNode; says: ReactNode } {
  const client = <OneLine text={clientId} />;
  const match = matched === 1 ? "1 rule matches" : `${count(matched)} rules match`;
  if (notification !== null) {
    const title = <>It notified {client}</>;
    if (matched === 0)
      return { title, says: "No rule matches any more: they were changed or deleted since." };
    const one = notification.fingerprint === null ? "one notification" : "one notification of the firing";
    return { title, says: `${match}, of ${count(examined)}. However many do, there is ${one}.` };
  }
  if (matched > 0) {
    return isYoung
      ? { title: <>A notification of {client} is being made</>, says: `${match}, of ${count(examined)}.` }
      : {
          title: <>There is no notification of {client}</>,
          says: `${match} now. Probably none did when the alert came: rules count from when they are made or enabled. Send a copy of the alert to see.`,
        };
  }
  const title = <>It did not notify {client}</>;
  if (examined === 0) {
    return {
      title,
      says: (
        <>
          The client has no rules.{" "}
          <Anchor
            component={Link}
            size="sm"
            to={`/rules/new?${new URLSearchParams({ client: clientId }).toString()}`}
          >
            Make one
          </Anchor>
        </>
      ),
    };
  }
  const nearest = rules[0] === undefined ? "" : ` The nearest: ${verdictOf(rules[0]).toLowerCase()}.`;
  const none =
    examined === 1 ? "Its only rule does not match." : `None of its ${count(examined)} rules matches.`;
  return { title, says: none + nearest };
}
