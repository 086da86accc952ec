import { Text } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import { type ReactNode, useId } from "react";

import classes from "./Steps.module.css";

export type Tone = "good" | "bad" | "warning" | "neutral";

/** What happened, one step after the other. */
export function Steps({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ol className={classes.steps} aria-label={label}>
      {children}
    </ol>
  );
}

/** One of them. */
export function Step({
  title,
  aside,
  icon: Icon,
  tone = "neutral",
  isInner = false,
  children,
}: {
  title: string;
  /** When, or how many. */
  aside?: ReactNode;
  icon: TablerIcon;
  tone?: Tone;
  /** What stands around it is headed by an h2. */
  isInner?: boolean;
  children?: ReactNode;
}) {
  const id = useId();
  return (
    <li className={classes.step} aria-labelledby={id}>
      <div className={classes.head}>
        <span className={classes.mark} data-tone={tone}>
          <Icon size={16} stroke={1.8} aria-hidden />
        </span>
        <Text component={isInner ? "h3" : "h2"} id={id} fw={600}>
          {title}
        </Text>
        {aside !== undefined && (
          <Text span size="xs" c="dimmed">
            {aside}
          </Text>
        )}
      </div>
      {children}
    </li>
  );
}
