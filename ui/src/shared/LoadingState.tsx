import { Paper, Skeleton, Stack } from "@mantine/core";

/** Where something will be in a moment. Screen readers hear it once. */
export function LoadingState({ rows = 6, label = "Loading" }: { rows?: number; label?: string }) {
  return (
    <Paper role="status" aria-label={label}>
      <Stack gap="sm">
        {Array.from({ length: rows }, (_, row) => (
          <Skeleton key={row} height={16} width={`${100 - ((row * 17) % 40)}%`} radius="sm" />
        ))}
      </Stack>
    </Paper>
  );
}
