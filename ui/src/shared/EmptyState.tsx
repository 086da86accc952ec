import { Paper, Stack, Text } from "@mantine/core";
import { IconInbox, type TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";

/** Nothing is here: says why, and what to do about it. */
export function EmptyState({
  title,
  icon: Icon = IconInbox,
  children,
}: {
  title: string;
  icon?: TablerIcon;
  /** A sentence, and a button or link. */
  children?: ReactNode;
}) {
  return (
    <Paper p="xl">
      <Stack align="center" gap="xs" ta="center" py="md">
        <Icon size={28} stroke={1.4} color="var(--mantine-color-dimmed)" aria-hidden />
        <Text fw={600}>{title}</Text>
        {children}
      </Stack>
    </Paper>
  );
}
