import { Paper, Text } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./stages.module.css";

/** A chart or figure with its name and a sentence that says how to read it. */
export function ChartPanel({
  title,
  explains,
  children,
}: {
  title: string;
  explains: ReactNode;
  children: ReactNode;
}) {
  return (
    <Paper className={classes.panel}>
      <Text component="h3" fw={600}>
        {title}
      </Text>
      <Text size="xs" c="dimmed" mb="xs">
        {explains}
      </Text>
      {children}
    </Paper>
  );
}
