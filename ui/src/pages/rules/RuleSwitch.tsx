import { Switch } from "@mantine/core";

import type { Rule } from "@/api/types";
import { useCaller } from "@/app/caller";
import { StatusBadge } from "@/shared/badges";

import { ruleTitle } from "./draft";
import { RuleConflict } from "./RuleConflict";
import classes from "./rules.module.css";
import { useSwitchRule } from "./changes/use-rule-changes";

/** Shows whether a rule is in effect, and switches it. */
export function RuleSwitch({ rule }: { rule: Rule }) {
  const caller = useCaller();
  const change = useSwitchRule();
  if (!caller.may("rules:write")) return <StatusBadge status={rule.enabled ? "enabled" : "disabled"} />;
  return (
    <>
      <Switch
        size="sm"
        classNames={{ body: classes.switch, label: classes.switchLabel }}
        label={rule.enabled ? "Enabled" : "Disabled"}
        aria-label={`Enabled: ${ruleTitle(rule)}`}
        checked={rule.enabled}
        disabled={change.isBusy}
        onChange={(event) => change.start(rule, event.currentTarget.checked)}
      />
      <RuleConflict
        change={change}
        mine={(theirs, enabled) => ({ ...theirs, enabled })}
        insist={change.conflict?.asked === true ? "Enable it anyway" : "Disable it anyway"}
      />
    </>
  );
}
