import { Button, Paper, Stack, Text, Tooltip } from "@mantine/core";
import { IconBellOff, IconQuestionMark } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";

import type { NotificationDetail } from "@/api/types";
import { useApi } from "@/app/context";
import { explainPath, notifiedOwnerOf } from "@/shared/alert-identity";
import { StatusBadge } from "@/shared/badges";
import { BackTo } from "@/shared/BackTo";
import { EmptyState } from "@/shared/EmptyState";
import { ErrorState } from "@/shared/ErrorState";
import { Facts } from "@/shared/Facts";
import { OneLine, plainly } from "@/shared/HostileText";
import { IdText } from "@/shared/IdText";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { TimeAgo } from "@/shared/TimeAgo";
import { isGone } from "@/shared/useGuardedChange";

import { notificationQuery } from "./notification-query";
import { PairFacts } from "./PairFacts";
import { Resend } from "./Resend";
import { Timeline } from "./timeline/Timeline";

const UNDER_WAY_MS = 1_500;
const ENDED_MS = 15_000;

/** One notification, and all that became of it. */
export function NotificationPage() {
  const { notificationId = "" } = useParams();
  const api = useApi();
  const found = useQuery({
    ...notificationQuery(api, notificationId),
    refetchInterval: ({ state }) => (state.data?.status === "RECEIVED" ? UNDER_WAY_MS : ENDED_MS),
  });
  if (found.data !== undefined) return <Shown notification={found.data} />;
  return (
    <>
      <PageHeader title="Notification" above={<BackTo to="/notifications">All notifications</BackTo>} />
      {found.isPending ? (
        <LoadingState rows={10} label="Loading the notification" />
      ) : isGone(found.error) ? (
        <EmptyState title="There is no such notification" icon={IconBellOff}>
          <Text size="sm" c="dimmed" maw={440}>
            It may be older than what is kept, or belong to another client than your key.
          </Text>
          <Button component={Link} to="/notifications" variant="default">
            Show all notifications
          </Button>
        </EmptyState>
      ) : (
        <ErrorState error={found.error} onRetry={() => found.refetch()} />
      )}
    </>
  );
}

function Shown({ notification }: { notification: NotificationDetail }) {
  const { client_id: clientId, alert_id: alertId } = notification;
  const explain = explainPath({ alertId, owner: notifiedOwnerOf(notification) }, clientId);
  return (
    <>
      <PageHeader
        title={plainly(notification.name)}
        above={<BackTo to="/notifications">All notifications</BackTo>}
        actions={
          <>
            <Tooltip label="Shows each rule of the client, and which field differs">
              <Button
                component={Link}
                to={explain}
                variant="default"
                leftSection={<IconQuestionMark size={16} aria-hidden />}
              >
                Explain
              </Button>
            </Tooltip>
            <Resend notification={notification} />
          </>
        }
      />
      <Stack gap="lg">
        <Paper>
          <Facts>
            <dt>Status</dt>
            <dd aria-live="polite">
              <StatusBadge status={notification.status} />
            </dd>
            <PairFacts notification={notification} />
            <dt>Client</dt>
            <dd>
              <OneLine text={clientId} />
            </dd>
            <dt>Notification id</dt>
            <dd>
              <IdText id={notification.notification_id} what="notification id" />
            </dd>
            <dt>Created</dt>
            <dd>
              <TimeAgo at={notification.created_at} />
            </dd>
          </Facts>
        </Paper>
        <Timeline notification={notification} />
      </Stack>
    </>
  );
}
