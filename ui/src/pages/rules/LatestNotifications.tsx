import { Anchor, Group, Paper, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { ask } from "@/api/client";
import type { Notification, Rule } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { notificationsOfRule } from "@/pages/notifications/filters";
import { KindBadge, SeverityBadge, StatusBadge } from "@/shared/badges";
import { ErrorState } from "@/shared/ErrorState";
import { OneLine } from "@/shared/HostileText";
import { LoadingState } from "@/shared/LoadingState";
import { TimeAgo } from "@/shared/TimeAgo";

import classes from "./rules.module.css";

const SHOWN = 6;
const REFETCH_MS = 10_000;

/** The latest notifications that a rule took part in. */
export function LatestNotifications({ rule }: { rule: Rule }) {
  const api = useApi();
  const caller = useCaller();
  const { rule_id, client_id } = rule;
  const latest = useQuery({
    queryKey: ["notifications", "of-rule", rule_id],
    queryFn: ({ signal }) => {
      const query = { rule_id, client_id, limit: SHOWN };
      return ask(api.GET("/api/v1/notifications", { params: { query }, signal }));
    },
    refetchInterval: REFETCH_MS,
    enabled: caller.may("notifications:read"),
  });
  if (!caller.may("notifications:read")) return null;
  return (
    <Paper component="section" aria-labelledby="latest">
      <Group justify="space-between" mb="xs">
        <Text component="h2" id="latest" fw={600}>
          Latest notifications
        </Text>
        <Anchor component={Link} to={notificationsOfRule(rule)} size="sm">
          All of this rule
        </Anchor>
      </Group>
      {latest.isError ? (
        <ErrorState error={latest.error} onRetry={() => latest.refetch()} />
      ) : latest.isPending ? (
        <LoadingState rows={3} label="Loading the latest notifications" />
      ) : latest.data.items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {latest.data.next_cursor === null
            ? "It has told nobody of anything yet."
            : "None of the latest notifications of the client is from this rule."}
        </Text>
      ) : (
        <ul className={classes.found} aria-label="Latest notifications of this rule">
          {latest.data.items.map((notification) => (
            <Line key={notification.notification_id} notification={notification} />
          ))}
        </ul>
      )}
    </Paper>
  );
}

function Line({ notification }: { notification: Notification }) {
  return (
    <li>
      <SeverityBadge severity={notification.severity} />
      <span style={{ minWidth: 0 }}>
        <Anchor component={Link} to={`/notifications/${notification.notification_id}`} size="sm">
          <OneLine text={notification.name} mono />
        </Anchor>
        <Text size="xs" c="dimmed" component="div">
          <TimeAgo at={notification.created_at} />
        </Text>
      </span>
      <span className={classes.states}>
        <KindBadge notification={notification} />
        <StatusBadge status={notification.status} />
      </span>
    </li>
  );
}
