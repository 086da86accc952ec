import { Alert } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";

/** Something that asks for a decision, and is no failure. Read out when it appears. */
export function WarningNote({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Alert
      color="yellow"
      role="alert"
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={title}
      // The colour of the theme for it has too little contrast on its own ground.
      styles={{ title: { color: "var(--mantine-color-text)" }, icon: { color: "var(--mantine-color-text)" } }}
    >
      {children}
    </Alert>
  );
}
