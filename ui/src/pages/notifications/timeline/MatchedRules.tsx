import { Anchor, Skeleton, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";

import { useCaller } from "@/app/caller";
import { useRule } from "@/pages/rules/useRule";
import { SeverityBadge } from "@/shared/badges";
import { OneLine, plainly } from "@/shared/HostileText";
import { ShowAll } from "@/shared/ShowAll";
import { isGone } from "@/shared/useGuardedChange";

import classes from "./timeline.module.css";

/** Each is asked for by itself. */
const SHOWN_AT_FIRST = 5;

/** The rules that led to a notification, as they are now; the most specific first. */
export function MatchedRules({ ruleIds }: { ruleIds: readonly string[] }) {
  const [isOpen, setOpen] = useState(false);
  const shown = isOpen ? ruleIds : ruleIds.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      <ul className={classes.rules} aria-label="Matched rules">
        {shown.map((ruleId) => (
          <MatchedRule key={ruleId} ruleId={ruleId} />
        ))}
      </ul>
      {ruleIds.length > shown.length && (
        <ShowAll what={`${ruleIds.length} rules`} onShow={() => setOpen(true)} />
      )}
    </>
  );
}

function MatchedRule({ ruleId }: { ruleId: string }) {
  const mayRead = useCaller().may("rules:read");
  const rule = useRule(ruleId, { enabled: mayRead });
  if (rule.data !== undefined) {
    const { severity, source, name, enabled } = rule.data;
    return (
      <li>
        <SeverityBadge severity={severity} />
        <Text size="sm" component="div">
          <Anchor component={Link} to={`/rules/${ruleId}`} size="sm">
            <PatternText text={name} any="any name" />
            {" from "}
            <PatternText text={source} any="any source" />
          </Anchor>
          {!enabled && (
            <Text span size="xs" c="dimmed">
              {" "}
              disabled since
            </Text>
          )}
        </Text>
      </li>
    );
  }
  if (mayRead && rule.isPending) {
    return (
      <li>
        <Skeleton h={18} w={70} />
        <Skeleton h={14} w="60%" />
      </li>
    );
  }
  return (
    <li>
      <Text size="xs" c="dimmed">
        {isGone(rule.error) ? "Deleted since" : "Rule"}
      </Text>
      <OneLine text={ruleId} mono />
    </li>
  );
}

/** Cut, and nothing that could be pressed: it stands in a link. */
function PatternText({ text, any }: { text: string; any: string }) {
  if (text === "*") return any;
  return (
    <Text span inherit ff="monospace">
      <bdi>{plainly(text, 120)}</bdi>
    </Text>
  );
}
