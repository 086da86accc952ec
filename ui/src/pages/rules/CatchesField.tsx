import { Text } from "@mantine/core";

import { Choice } from "@/shared/Choice";
import { WarningNote } from "@/shared/WarningNote";

import { ANY, CATCH_ALLS_MAX, CATCHES, type Catches, catchesMore, type RuleDraft } from "./draft";

/** What a rule meets, which only operators choose: its pattern, or more than that. */
export function CatchesField({
  draft,
  onChange,
}: {
  draft: RuleDraft;
  onChange: (changed: Partial<RuleDraft>) => void;
}) {
  return (
    <>
      <Choice
        label="Catches"
        description={CATCHES.find(({ value }) => value === draft.catches)?.says ?? ""}
        required
        data={CATCHES}
        value={draft.catches}
        onChange={(catches) => onChange(chosen(catches))}
      />
      {catchesMore(draft.catches) && (
        <WarningNote title="This costs a notification for each alert that it meets">
          <Text size="sm">
            {`All clients together have at most ${CATCH_ALLS_MAX} such rules, which only operators change. Private alerts are met where they belong to the rule's own client.`}
          </Text>
        </WarningNote>
      )}
    </>
  );
}

/** A rule that catches more than a pattern has any in all three; another one begins its pattern anew. */
function chosen(catches: Catches): Partial<RuleDraft> {
  const text = catchesMore(catches) ? ANY : "";
  return { catches, severity: ANY, source: text, name: text };
}
