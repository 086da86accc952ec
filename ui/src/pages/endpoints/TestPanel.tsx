import { Anchor, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { Endpoint, NotificationDetail } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { StatusBadge } from "@/shared/badges";
import { ErrorState } from "@/shared/ErrorState";
import { LoadingState } from "@/shared/LoadingState";
import { useFilter } from "@/shared/useFilter";

import { TestedDelivery } from "./TestedDelivery";

const REFETCH_MS = 1_000;

/** Sends a real message by the real path, and shows what comes of it until nothing more will. */
export function TestPanel({ endpoint }: { endpoint: Endpoint }) {
  const api = useApi();
  const caller = useCaller();
  // In the address: a reload, or somebody who is sent the link, still sees the answer.
  const [sent, setSent] = useFilter("test");
  const test = useChange(
    (_nothing: null, once) => {
      const params = { path: { endpoint_id: endpoint.endpoint_id }, header: once };
      return ask(api.POST("/api/v1/endpoints/{endpoint_id}/test", { params }));
    },
    { onSuccess: ({ notification_id }) => setSent(notification_id) },
  );
  return (
    <Paper component="section" aria-labelledby="test-title">
      <Stack gap="sm">
        <Text component="h2" id="test-title" fw={600}>
          Test
        </Text>
        <Text size="sm" c="dimmed">
          Sends a real message, marked as a test, by the same path as all others: signed, with retries. No
          alert is made.
        </Text>
        {caller.may("rules:write") && (
          <Group gap="sm">
            <Button
              leftSection={<IconSend size={16} stroke={1.6} aria-hidden />}
              loading={test.isPending}
              disabled={!endpoint.enabled}
              onClick={() => test.mutate(null)}
            >
              {sent === null ? "Send a test" : "Send another test"}
            </Button>
            {!endpoint.enabled && (
              <Text size="sm" c="dimmed">
                Enable the endpoint to test it.
              </Text>
            )}
          </Group>
        )}
        {test.error !== null && <ErrorState error={test.error} />}
        {sent !== null && <Outcome key={sent} notificationId={sent} />}
      </Stack>
    </Paper>
  );
}

function Outcome({ notificationId }: { notificationId: string }) {
  const api = useApi();
  const outcome = useQuery({
    queryKey: ["notifications", "one", notificationId],
    queryFn: ({ signal }) => {
      const params = { path: { notification_id: notificationId } };
      return ask(api.GET("/api/v1/notifications/{notification_id}", { params, signal }));
    },
    refetchInterval: ({ state }) => (state.data !== undefined && isFinal(state.data) ? false : REFETCH_MS),
  });
  if (outcome.isError) return <ErrorState error={outcome.error} onRetry={() => outcome.refetch()} />;
  if (outcome.isPending) return <LoadingState rows={2} label="Waiting for the answer" />;
  const notification = outcome.data;
  return (
    <div>
      <Group justify="space-between" mb="xs">
        <Group gap="xs" role="status" aria-label="Outcome of the test">
          <StatusBadge status={notification.status} />
          <Text size="sm">{sentenceOf(notification)}</Text>
        </Group>
        <Anchor component={Link} to={`/notifications/${notificationId}`} size="sm">
          Open as a notification
        </Anchor>
      </Group>
      {notification.deliveries.map((delivery) => (
        <TestedDelivery key={delivery.delivery_id} delivery={delivery} />
      ))}
    </div>
  );
}

function isFinal({ status }: NotificationDetail): boolean {
  return status !== "RECEIVED";
}

function sentenceOf({ status, deliveries }: NotificationDetail): string {
  switch (status) {
    case "RECEIVED":
      return deliveries.some((delivery) => delivery.status === "RETRYING")
        ? "The latest attempt failed; it is tried again."
        : "On its way…";
    case "SENT":
      return "The receiver has taken it.";
    case "PARTIAL":
      return "Some addresses have taken it, others not.";
    case "FAILED":
      return "It could not be delivered.";
    case "SKIPPED":
      return "Nothing was sent.";
  }
}
