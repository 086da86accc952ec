import type { Rule } from "@/api/types";
import { ConflictDialog } from "@/shared/ConflictDialog";
import type { GuardedChange } from "@/shared/useGuardedChange";

import { useRulesChanged } from "./changes/use-rule-changes";
import { type Changed, compareRules } from "./draft";

/** A change of a rule that was refused because somebody else was faster. */
export function RuleConflict<Asked>({
  change,
  mine,
  insist,
  onTakeTheirs,
}: {
  change: GuardedChange<Rule, Asked>;
  /** What the rule would be after the change that was asked for. */
  mine: (theirs: Rule, asked: Asked) => Changed;
  insist: string;
  onTakeTheirs?: (theirs: Rule) => void;
}) {
  const rulesChanged = useRulesChanged();
  const { conflict } = change;
  return (
    <ConflictDialog
      opened={conflict !== null}
      what="rule"
      changedAt={conflict?.theirs.updated_at}
      fields={
        conflict === null
          ? []
          : compareRules(conflict.seen, conflict.theirs, mine(conflict.theirs, conflict.asked))
      }
      insist={insist}
      onInsist={change.insist}
      onTakeTheirs={() => {
        if (conflict !== null) onTakeTheirs?.(conflict.theirs);
        change.dismiss();
        void rulesChanged();
      }}
      onClose={change.dismiss}
      isBusy={change.isBusy}
      error={change.error}
    />
  );
}
