import { Text } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import { type ReactNode, useId } from "react";

import type { Tone } from "./reasons";
import classes from "./timeline.module.css";

/** One step on the way from an alert to its receivers. */
export function Step({
  title,
  aside,
  icon: Icon,
  tone = "neutral",
  children,
}: {
  title: string;
  /** When, or how many. */
  aside?: ReactNode;
  icon: TablerIcon;
  tone?: Tone;
  children?: ReactNode;
}) {
  const id = useId();
  return (
    <li className={classes.step} aria-labelledby={id}>
      <div className={classes.head}>
        <span className={classes.mark} data-tone={tone}>
          <Icon size={16} stroke={1.8} aria-hidden />
        </span>
        <Text component="h2" id={id} fw={600}>
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
