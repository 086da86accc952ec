import { Alert, Button, Code, Group, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import { ProblemError } from "@/api/problem";

import { CopyButton } from "./CopyButton";

const LISTED_MAX = 20;

/** What went wrong, all of it, with the id under which the platform's log has it, and a way to try again. */
export function ErrorState({ error, onRetry }: { error: Error; onRetry?: () => unknown }) {
  const problem = error instanceof ProblemError ? error : null;
  const problems = problem?.problems ?? [];
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={problem?.title ?? "Something went wrong"}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{error.message}</Text>
        {problems.length > 0 && (
          <List size="sm" spacing={2}>
            {problems.slice(0, LISTED_MAX).map((item, place) => (
              <List.Item key={place}>
                <Code>{item.path}</Code> {item.detail}
              </List.Item>
            ))}
            {problems.length > LISTED_MAX && <List.Item>… and {problems.length - LISTED_MAX} more</List.Item>}
          </List>
        )}
        {problem?.requestId != null && (
          <Group gap={4}>
            <Text size="xs" c="dimmed">
              Request <Code>{problem.requestId}</Code>
            </Text>
            <CopyButton value={problem.requestId} label="Copy the request id" />
          </Group>
        )}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={() => onRetry()}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
