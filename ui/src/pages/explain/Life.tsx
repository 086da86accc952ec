import { Anchor, Paper, Text } from "@mantine/core";
import { IconBellRinging, IconCheck, IconClock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import type { AlertDetail, NotificationStatus, Notified } from "@/api/types";
import { useApi } from "@/app/context";
import { notifiedOwnerOf, ownerOf } from "@/shared/alert-identity";
import { StatusBadge } from "@/shared/badges";
import { OneLine } from "@/shared/HostileText";
import { ShowAll } from "@/shared/ShowAll";
import { Step, Steps } from "@/shared/Steps";
import { TimeAgo } from "@/shared/TimeAgo";

import classes from "./explain.module.css";

const SHOWN_AT_FIRST = 6;
/** Twice as many as are shown of an alert: those of the shared one, and of private ones with the same id. */
const ENDS_MAX = 100;
const UNDER_WAY_MS = 1_500;
const REFRESH_MS = 15_000;

const ENDED_BY: Record<NonNullable<AlertDetail["ended_by"]>, string> = {
  report: "Its sender said that it is over.",
  silence: "It was not sent any more, so it was resolved by itself.",
};

/** An alert from its firing to its end, with those who were told of each. */
export function Life({ alert }: { alert: AlertDetail }) {
  const { starts_at: startsAt, ends_at: endsAt, notifications: told } = alert;
  const statuses = useStatusesOfEnds(alert);
  if (startsAt === null) return null;
  return (
    <Paper component="section" aria-labelledby="life">
      <Text component="h2" id="life" fw={600} mb="sm">
        From firing to end
      </Text>
      <Steps label="From firing to end">
        <Step isInner title="Firing" aside={<TimeAgo at={startsAt} />} icon={IconBellRinging} tone="bad">
          <Told
            what="firing"
            clients={told.map((each) => ({
              clientId: each.client_id,
              notificationId: each.notification_id,
              status: each.status,
            }))}
            isMore={alert.more_notifications}
          />
        </Step>
        {endsAt === null ? (
          <Step isInner title="Not over yet" icon={IconClock}>
            <Text size="sm" c="dimmed">
              Whoever was told that it fires is told when it is over.
            </Text>
          </Step>
        ) : (
          <Step isInner title="Resolved" aside={<TimeAgo at={endsAt} />} icon={IconCheck} tone="good">
            {alert.ended_by !== null && (
              <Text size="sm" mb={6}>
                {ENDED_BY[alert.ended_by]}
              </Text>
            )}
            <Told what="end" clients={endsOf(told, statuses)} isMore={alert.more_notifications} />
          </Step>
        )}
      </Steps>
    </Paper>
  );
}

/** A client that was told. */
interface ToldClient {
  clientId: string;
  notificationId: string;
  /** null: it is not known. */
  status: NotificationStatus | null;
}

function endsOf(told: readonly Notified[], statuses: ReadonlyMap<string, NotificationStatus>): ToldClient[] {
  return told.flatMap((each) => {
    const { client_id: clientId, resolved_notification_id: end, ends_at: endsAt } = each;
    if (end !== null) return [{ clientId, notificationId: end, status: statuses.get(end) ?? null }];
    // It tells both at once.
    return endsAt === null ? [] : [{ clientId, notificationId: each.notification_id, status: each.status }];
  });
}

/** How far the notifications of the end are, by their ids. */
function useStatusesOfEnds(alert: AlertDetail): ReadonlyMap<string, NotificationStatus> {
  const api = useApi();
  const owner = ownerOf(alert);
  const ends = useQuery({
    queryKey: ["notifications", "ends-of-alert", alert.alert_id, owner],
    queryFn: async ({ signal }) => {
      const query = { alert_id: alert.alert_id, kind: "RESOLVED" as const, limit: ENDS_MAX };
      const { items } = await ask(api.GET("/api/v1/notifications", { params: { query }, signal }));
      return items.filter((each) => notifiedOwnerOf(each) === owner);
    },
    enabled: alert.status === "resolved",
    refetchInterval: ({ state }) =>
      state.data?.some(({ status }) => status === "RECEIVED") === true ? UNDER_WAY_MS : REFRESH_MS,
  });
  return new Map(ends.data?.map((each) => [each.notification_id, each.status]));
}

function Told({ what, clients, isMore }: { what: string; clients: readonly ToldClient[]; isMore: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const shown = isOpen ? clients : clients.slice(0, SHOWN_AT_FIRST);
  if (clients.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {`No client was notified of the ${what}.`}
      </Text>
    );
  }
  return (
    <>
      <ul className={classes.told} aria-label={`Notified of the ${what}`}>
        {shown.map(({ clientId, notificationId, status }) => (
          <li key={notificationId}>
            <Anchor component={Link} to={`/notifications/${notificationId}`} size="sm" miw={0}>
              <OneLine text={clientId} />
              <span className="visually-hidden">, notification of the {what}</span>
            </Anchor>
            {status !== null && <StatusBadge status={status} />}
          </li>
        ))}
      </ul>
      {clients.length > shown.length && (
        <ShowAll what={`${clients.length} clients`} onShow={() => setOpen(true)} />
      )}
      {isMore && (
        <Text size="xs" c="dimmed" mt={4}>
          These are the latest of more.
        </Text>
      )}
    </>
  );
}
