import type { ReactNode } from "react";

import classes from "./Facts.module.css";

/** What is known of one thing: names (`dt`) at the left, and what is said under each (`dd`) beside them. */
export function Facts({
  label,
  hasForeignNames = false,
  children,
}: {
  label?: string;
  /** The names are text of others too, and may not take the room of what is said. */
  hasForeignNames?: boolean;
  children: ReactNode;
}) {
  return (
    <dl className={classes.facts} aria-label={label} data-foreign={hasForeignNames || undefined}>
      {children}
    </dl>
  );
}
