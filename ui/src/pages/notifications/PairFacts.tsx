import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import type { Notification } from "@/api/types";
import { useApi } from "@/app/context";
import { KindBadge, StatusBadge } from "@/shared/badges";
import { TimeAgo } from "@/shared/TimeAgo";
import { isGone } from "@/shared/useGuardedChange";

import { notificationQuery } from "./notification-query";
import classes from "./notifications.module.css";

const REFRESH_MS = 15_000;

/** What a notification tells of an alert with a life, and which one tells the other half; nothing of an event. */
export function PairFacts({ notification }: { notification: Notification }) {
  const { fingerprint, kind, ends_at: endsAt } = notification;
  if (fingerprint === null) return null;
  const firing = notification.firing_notification_id;
  const resolved = notification.resolved_notification_id;
  return (
    <>
      <dt>Kind</dt>
      <dd>
        <KindBadge notification={notification} />
        {kind === "FIRING" && endsAt !== null && (
          <Text size="xs" c="dimmed" mt={4}>
            Tells both at once, that the alert fired and that it is over.
          </Text>
        )}
      </dd>
      {firing !== null && (
        <>
          <dt>Firing</dt>
          <dd>
            <Other notificationId={firing}>Told by the notification before</Other>
          </dd>
        </>
      )}
      {resolved !== null && (
        <>
          <dt>Resolved</dt>
          <dd>
            <Other notificationId={resolved}>Told by another notification</Other>
          </dd>
        </>
      )}
      {kind === "FIRING" && resolved === null && endsAt === null && (
        <>
          <dt>Resolved</dt>
          <dd>Not told yet</dd>
        </>
      )}
    </>
  );
}

/** A link to the other one of a pair, with its status as far as it is known. */
function Other({ notificationId, children }: { notificationId: string; children: string }) {
  const other = useQuery({ ...notificationQuery(useApi(), notificationId), refetchInterval: REFRESH_MS });
  if (isGone(other.error)) return "Told by a notification that is not kept any more";
  return (
    <span className={classes.other}>
      <Anchor component={Link} to={`/notifications/${notificationId}`} size="sm">
        {children}
      </Anchor>
      {other.data !== undefined && (
        <>
          <StatusBadge status={other.data.status} />
          <Text span size="sm" c="dimmed">
            <TimeAgo at={other.data.created_at} />
          </Text>
        </>
      )}
    </span>
  );
}
