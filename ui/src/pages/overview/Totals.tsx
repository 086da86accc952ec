import { Anchor, Paper, Text } from "@mantine/core";
import { Link } from "react-router";

import type { Metrics } from "@/api/types";
import { count } from "@/shared/figures";

import classes from "./overview.module.css";

/** What there is, each figure a link to the list behind it. */
export function Totals({ totals, isOperator }: { totals: Metrics["totals"]; isOperator: boolean }) {
  const {
    PENDING: pending = 0,
    RETRYING: retrying = 0,
    DELIVERED: delivered = 0,
  } = totals.deliveries_by_status;
  const endpoints = Object.values(totals.endpoints_by_type).reduce((sum, each) => sum + each, 0);
  const disabled = totals.rules_disabled > 0 ? `${count(totals.rules_disabled)} disabled` : "all enabled";
  const figures = [
    ...(isOperator ? [{ label: "Clients", value: totals.clients, note: "", to: "/clients" }] : []),
    { label: "Rules", value: totals.rules_enabled + totals.rules_disabled, note: disabled, to: "/rules" },
    {
      label: "Endpoints",
      value: endpoints,
      note: Object.entries(totals.endpoints_by_type)
        .map(([type, each]) => `${count(each)} ${type}`)
        .join(", "),
      to: "/endpoints",
    },
    { label: "Notifications", value: totals.last_hour, note: "in the last hour", to: "/notifications" },
    {
      label: "Deliveries under way",
      value: pending + retrying,
      note: `${count(delivered)} delivered`,
      to: "/notifications?status=RECEIVED",
    },
  ];
  return (
    <ul className={classes.totals} aria-label="Totals">
      {figures.map(({ label, value, note, to }) => (
        <Paper component="li" p="sm" key={label}>
          <Anchor component={Link} to={to} size="sm" c="dimmed">
            {label}
          </Anchor>
          <div className={classes.figure}>{count(value)}</div>
          <Text size="xs" c="dimmed">
            {note || "\u00A0"}
          </Text>
        </Paper>
      ))}
    </ul>
  );
}
