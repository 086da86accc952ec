import type { Rule } from "@/api/types";
import { useCaller } from "@/app/caller";
import { StatusBadge } from "@/shared/badges";
import { EnabledSwitch } from "@/shared/EnabledSwitch";

import { mayChange, ruleTitle } from "./draft";
import { RuleConflict } from "./RuleConflict";
import { useSwitchRule } from "./changes/use-rule-changes";

/** Shows whether a rule is in effect, and switches it. */
export function RuleSwitch({ rule }: { rule: Rule }) {
  const caller = useCaller();
  const change = useSwitchRule();
  if (!mayChange(caller, rule)) return <StatusBadge status={rule.enabled ? "enabled" : "disabled"} />;
  return (
    <>
      <EnabledSwitch
        title={ruleTitle(rule)}
        isEnabled={rule.enabled}
        isBusy={change.isBusy}
        onChange={(isEnabled) => change.start(rule, isEnabled)}
      />
      <RuleConflict
        change={change}
        mine={(theirs, enabled) => ({ ...theirs, enabled })}
        insist={change.conflict?.asked === true ? "Enable it anyway" : "Disable it anyway"}
      />
    </>
  );
}
