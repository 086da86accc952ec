import { Anchor, Paper, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import type { Explanation } from "@/api/types";
import { useApi } from "@/app/context";
import { SeverityBadge, StatusBadge } from "@/shared/badges";
import { HostileText } from "@/shared/HostileText";

import classes from "./explain.module.css";
import { type Compared, compared, type ExplainedRule, nearness, verdictOf } from "./findings";

const LABELS = { severity: "Severity", source: "Source", name: "Name" } as const;
const VERDICTS = { any: "any", equal: "equal", differs: "differs" } as const;

/** One rule beside the alert, field by field. */
export function RuleFinding({ rule, alert }: { rule: ExplainedRule; alert: Explanation["alert"] }) {
  const id = useId();
  const near = nearness(rule);
  const tone = near === "matched" ? "good" : near === "near" ? "warning" : "bad";
  const Icon = near === "matched" ? IconCheck : near === "near" ? IconAlertTriangle : IconX;
  return (
    <Paper component="li" aria-labelledby={id} py="sm">
      <div className={classes.ruleHead}>
        <span className={classes.verdict} data-tone={tone} id={id} style={{ whiteSpace: "normal" }}>
          <Icon size={16} stroke={2} aria-hidden />
          {verdictOf(rule)}
        </span>
        {!rule.enabled && <StatusBadge status="disabled" />}
        <Anchor component={Link} to={`/rules/${rule.rule_id}`} size="sm">
          Show the rule
        </Anchor>
      </div>
      <table className={classes.fields} aria-labelledby={id}>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">The rule asks for</th>
            <th scope="col">The alert has</th>
            <th scope="col">Result</th>
          </tr>
        </thead>
        <tbody>
          {compared(rule, alert).map((row) => (
            <Row key={row.field} row={row} />
          ))}
        </tbody>
      </table>
      {rule.matched && <WithoutEndpoints ruleId={rule.rule_id} />}
    </Paper>
  );
}

function Row({ row }: { row: Compared }) {
  const { field, expected, actual, verdict, hint } = row;
  const tone = verdict === "differs" ? "bad" : verdict === "equal" ? "good" : "neutral";
  const Icon = verdict === "differs" ? IconX : verdict === "equal" ? IconCheck : null;
  return (
    <tr data-differs={verdict === "differs" || undefined}>
      <th scope="row">{LABELS[field]}</th>
      <td>
        {field === "severity" ? <SeverityBadge severity={expected} /> : <PatternText text={expected} />}
      </td>
      <td>
        {field === "severity" ? (
          <SeverityBadge severity={actual} />
        ) : (
          <HostileText text={actual} chars={90} mono inherit />
        )}
        {hint !== null && <span className={classes.hint}>They {hint}.</span>}
      </td>
      <td>
        <span className={classes.verdict} data-tone={tone}>
          {Icon !== null && <Icon size={14} stroke={2} aria-hidden />}
          {VERDICTS[verdict]}
        </span>
      </td>
    </tr>
  );
}

function PatternText({ text }: { text: string }) {
  if (text === "*")
    return (
      <Text span size="sm" c="dimmed">
        any (*)
      </Text>
    );
  return <HostileText text={text} chars={90} mono inherit />;
}

/** A rule that matches and has nobody to tell is the most common reason why nothing comes. */
function WithoutEndpoints({ ruleId }: { ruleId: string }) {
  const api = useApi();
  const endpoints = useQuery({
    queryKey: ["endpoints", "of-rule-enabled", ruleId],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/v1/endpoints", { params: { query: { rule_id: ruleId, limit: 200 } }, signal })),
  });
  if (endpoints.data === undefined) return null;
  const { items } = endpoints.data;
  if (items.some((endpoint) => endpoint.enabled)) return null;
  return (
    <Text size="sm" mt="xs">
      <span className={classes.verdict} data-tone="warning" style={{ whiteSpace: "normal" }}>
        <IconAlertTriangle size={16} stroke={2} aria-hidden />
        {items.length === 0
          ? "The rule has no endpoint: there is nowhere to send to."
          : "All endpoints of the rule are disabled: nothing is sent."}
      </span>{" "}
      <Anchor
        component={Link}
        size="sm"
        to={items.length === 0 ? `/endpoints/new?rule=${ruleId}` : `/rules/${ruleId}`}
      >
        {items.length === 0 ? "Add an endpoint" : "Show its endpoints"}
      </Anchor>
    </Text>
  );
}
