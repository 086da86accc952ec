import { Button, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { ask, ifMatch } from "@/api/client";
import { FOR_EDITING } from "@/api/queries";
import type { Rule } from "@/api/types";
import { useApi } from "@/app/context";
import { BackTo } from "@/shared/BackTo";
import { ErrorState } from "@/shared/ErrorState";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { toastDone } from "@/shared/toasts";
import { isGone, useGuardedChange } from "@/shared/useGuardedChange";
import { WarningNote } from "@/shared/WarningNote";

import { useReadRule, useRulesChanged } from "./changes/use-rule-changes";
import { changedBy, draftOf, newRulePath, type RuleDraft, TAKES_EFFECT } from "./draft";
import { DuplicateNotice, isDuplicate } from "./DuplicateNotice";
import { RuleConflict } from "./RuleConflict";
import { RuleEditor } from "./RuleEditor";

/** Changes a rule. */
export function EditRule() {
  const api = useApi();
  const { ruleId = "" } = useParams();
  const rule = useQuery({
    queryKey: ["rules", "edited", ruleId],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/v1/rules/{rule_id}", { params: { path: { rule_id: ruleId } }, signal })),
    ...FOR_EDITING,
  });
  return (
    <>
      <PageHeader
        above={<BackTo to={`/rules/${ruleId}`}>Rule</BackTo>}
        title="Edit rule"
        description={TAKES_EFFECT}
      />
      {rule.isError ? (
        <ErrorState error={rule.error} onRetry={() => rule.refetch()} />
      ) : rule.isPending ? (
        <LoadingState label="Loading the rule" />
      ) : (
        <Draft key={ruleId} stored={rule.data} />
      )}
    </>
  );
}

function Draft({ stored }: { stored: Rule }) {
  const api = useApi();
  const navigate = useNavigate();
  const changed = useRulesChanged();
  // The version that the form began with: the one that a change is made to.
  const [begun, setBegun] = useState(stored);
  const [asked, setAsked] = useState<RuleDraft | null>(null);
  const save = useGuardedChange(
    (seen: Rule, draft: RuleDraft) => {
      const params = { path: { rule_id: seen.rule_id }, header: ifMatch(seen) };
      return ask(api.PUT("/api/v1/rules/{rule_id}", { params, body: changedBy(draft) }));
    },
    useReadRule(),
    {
      onSuccess: async (rule) => {
        toastDone("The rule is saved");
        await navigate(`/rules/${rule.rule_id}`);
        await changed(rule);
      },
    },
  );
  return (
    <>
      <RuleEditor
        key={begun.version}
        initial={draftOf(begun)}
        isNew={false}
        submit="Save rule"
        onSubmit={(draft) => {
          setAsked(draft);
          save.start(begun, draft);
        }}
        isBusy={save.isBusy}
        error={save.error}
        notice={
          asked === null ? undefined : isDuplicate(save.error) ? (
            <DuplicateNotice pattern={asked} clientId={begun.client_id} />
          ) : isGone(save.error) ? (
            <Deleted draft={asked} clientId={begun.client_id} />
          ) : undefined
        }
        cancelTo={`/rules/${begun.rule_id}`}
      />
      <RuleConflict
        change={save}
        mine={(_theirs, draft) => draft}
        insist="Save mine over it"
        onTakeTheirs={setBegun}
      />
    </>
  );
}

function Deleted({ draft, clientId }: { draft: RuleDraft; clientId: string }) {
  const { severity, source, name } = draft;
  return (
    <WarningNote title="The rule is no longer there">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">Somebody deleted it after this page had read it, and its endpoints with it.</Text>
        <Button
          component={Link}
          to={newRulePath({ severity, source, name }, clientId)}
          variant="default"
          size="sm"
        >
          Create it anew with what is written here
        </Button>
      </Stack>
    </WarningNote>
  );
}
