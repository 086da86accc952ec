import { Anchor, CloseButton, Text } from "@mantine/core";
import { Link } from "react-router";

import { useCaller } from "@/app/caller";
import { ruleTitle } from "@/pages/rules/draft";
import { useRule } from "@/pages/rules/useRule";
import { OneLine } from "@/shared/HostileText";
import { useFilter } from "@/shared/useFilter";
import { isGone } from "@/shared/useGuardedChange";

import classes from "./notifications.module.css";

/** Says of which rule the list is, where a link brought somebody to one rule's notifications, and takes that back. */
export function RuleFilter() {
  const [ruleId, setRuleId] = useFilter("rule_id");
  if (ruleId === null || ruleId === "") return null;
  return (
    <div className={classes.rule} role="group" aria-label="Rule">
      <Text size="sm" c="dimmed">
        Of the rule
      </Text>
      <RuleName ruleId={ruleId} />
      <CloseButton
        size="md"
        aria-label="Show the notifications of all rules"
        onClick={() => setRuleId(null)}
      />
    </div>
  );
}

/** What the rule matches, as a link to it; its id where it cannot be read. */
function RuleName({ ruleId }: { ruleId: string }) {
  const mayRead = useCaller().may("rules:read");
  const rule = useRule(ruleId, { enabled: mayRead });
  if (rule.data !== undefined) {
    return (
      <Anchor component={Link} to={`/rules/${ruleId}`} size="sm" className={classes.what}>
        <OneLine text={ruleTitle(rule.data)} />
      </Anchor>
    );
  }
  return (
    <>
      <span className={classes.what}>
        <OneLine text={ruleId} mono />
      </span>
      {isGone(rule.error) && (
        <Text size="sm" c="dimmed" style={{ flex: "none" }}>
          (deleted since)
        </Text>
      )}
    </>
  );
}
