import { Anchor, Group, Paper, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { ask } from "@/api/client";
import type { Notification, Rule } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { SeverityBadge, StatusBadge } from "@/shared/badges";
import { ErrorState } from "@/shared/ErrorState";
import { OneLine } from "@/shared/HostileText";
import { LoadingState } from "@/shared/LoadingState";
import { TimeAgo } from "@/shared/TimeAgo";

import { ANY } from "./draft";
import classes from "./rules.module.css";

const LOOKED_AT = 100;
const SHOWN = 6;
const REFETCH_MS = 10_000;

/** The latest notifications that a rule took part in. */
export function LatestNotifications({ rule }: { rule: Rule }) {
  const api = useApi();
  const caller = useCaller();
  const query = filterOf(rule);
  const latest = useQuery({
    queryKey: ["notifications", "of-rule", rule.rule_id, query],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/v1/notifications", { params: { query: { ...query, limit: LOOKED_AT } }, signal })),
    refetchInterval: REFETCH_MS,
    enabled: caller.may("notifications:read"),
  });
  if (!caller.may("notifications:read")) return null;
  const own = (latest.data?.items ?? []).filter(({ rule_ids }) => rule_ids.includes(rule.rule_id));
  const all = new URLSearchParams({ ...query, client: rule.client_id });
  all.delete("client_id");
  return (
    <Paper component="section" aria-labelledby="latest">
      <Group justify="space-between" mb="xs">
        <Text component="h2" id="latest" fw={600}>
          Latest notifications
        </Text>
        <Anchor component={Link} to={`/notifications?${all.toString()}`} size="sm">
          All like these
        </Anchor>
      </Group>
      {latest.isError ? (
        <ErrorState error={latest.error} onRetry={() => latest.refetch()} />
      ) : latest.isPending ? (
        <LoadingState rows={3} label="Loading the latest notifications" />
      ) : own.length === 0 ? (
        <Text size="sm" c="dimmed">
          {latest.data.next_cursor === null
            ? "It has told nobody of anything yet."
            : `None of the latest ${LOOKED_AT} notifications of the client is from this rule.`}
        </Text>
      ) : (
        <ul className={classes.found} aria-label="Latest notifications of this rule">
          {own.slice(0, SHOWN).map((notification) => (
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
      <StatusBadge status={notification.status} />
    </li>
  );
}

/** Notifications cannot be asked for by rule, but by what the rule has exactly. */
function filterOf(rule: Rule): Record<string, string> & { client_id: string } {
  return {
    client_id: rule.client_id,
    ...(rule.severity === ANY ? {} : { severity: rule.severity }),
    ...(rule.source === ANY ? {} : { source: rule.source }),
    ...(rule.name === ANY ? {} : { name: rule.name }),
  };
}
