import { Anchor } from "@mantine/core";
import { Link } from "react-router";

import type { NotificationStatus } from "@/api/types";
import { StatusBadge } from "@/shared/badges";
import { count } from "@/shared/figures";

import classes from "./overview.module.css";

const ORDER: readonly NotificationStatus[] = ["FAILED", "PARTIAL", "RECEIVED", "SENT", "SKIPPED"];

/** How all notifications that are kept have ended, each status a link to those that have it. */
export function StatusBar({ counts }: { counts: Readonly<Record<string, number>> }) {
  const shown = ORDER.flatMap((status) => {
    const value = counts[status] ?? 0;
    return value > 0 ? [{ status, value }] : [];
  });
  if (shown.length === 0) return null;
  return (
    <>
      <h3 className={classes.statusTitle}>All that are kept, by status</h3>
      <div className={classes.statusBar} aria-hidden>
        {shown.map(({ status, value }) => (
          <span key={status} data-status={status} style={{ flexGrow: value }} />
        ))}
      </div>
      <ul className={classes.statuses}>
        {shown.map(({ status, value }) => (
          <li key={status}>
            <StatusBadge status={status} />
            <Anchor component={Link} to={`/notifications?status=${status}`} size="sm" className="tabular">
              {count(value)}
              <span className="visually-hidden"> notifications with status {status}</span>
            </Anchor>
          </li>
        ))}
      </ul>
    </>
  );
}
