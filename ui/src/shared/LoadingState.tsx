import { Paper, Skeleton, Stack } from "@mantine/core";

/** Where something will be in a moment. Screen readers hear it once. */
export function LoadingState({
  rows = 6,
  label = "Loading",
  isPage = false,
}: {
  rows?: number;
  label?: string;
  /** It stands for all of a page, and is as high as the window, so that nothing below it is in sight and jumps. */
  isPage?: boolean;
}) {
  return (
    <Paper role="status" aria-label={label} mih={isPage ? "100dvh" : undefined}>
      <Stack gap="sm">
        {Array.from({ length: rows }, (_, row) => (
          <Skeleton key={row} height={16} width={`${100 - ((row * 17) % 40)}%`} radius="sm" />
        ))}
      </Stack>
    </Paper>
  );
}
