import { Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./PageHeader.module.css";

/** The head of every page: its only `h1`, what it is for, and what can be done on it. Names the document too. */
export function PageHeader({
  title,
  description,
  actions,
  above,
}: {
  title: string;
  description?: ReactNode;
  /** Buttons at the right; on phones below. */
  actions?: ReactNode;
  /** E.g. a link back to the list. */
  above?: ReactNode;
}) {
  return (
    <header className={classes.header}>
      <title>{`${title} · Alerting`}</title>
      <Stack gap={2} miw={0} flex="1 1 320px">
        {above}
        <Title order={1} dir="auto" className={classes.title}>
          {title}
        </Title>
        {description !== undefined && (
          <Text size="sm" c="dimmed" maw={720}>
            {description}
          </Text>
        )}
      </Stack>
      {actions !== undefined && (
        <Group gap="xs" className={classes.actions}>
          {actions}
        </Group>
      )}
    </header>
  );
}
