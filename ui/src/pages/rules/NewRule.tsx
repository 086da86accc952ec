import { Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { Endpoint } from "@/api/types";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { BackTo } from "@/shared/BackTo";
import { ErrorState } from "@/shared/ErrorState";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { toastDone, toastError } from "@/shared/toasts";

import { copyEndpoints, endpointsOf } from "./changes/restore";
import { useRulesChanged } from "./changes/use-rule-changes";
import { draftOf, EMPTY_DRAFT, isSeverity, type RuleDraft, TAKES_EFFECT } from "./draft";
import { DuplicateNotice, isDuplicate } from "./DuplicateNotice";
import { RuleEditor } from "./RuleEditor";

const NO_ENDPOINTS: readonly Endpoint[] = [];

/** Creates a rule; `?from=<id>` begins with a copy of one, `?severity=&source=&name=` with what an alert had. */
export function NewRule() {
  const api = useApi();
  const { clientId } = useScope();
  const [parameters] = useSearchParams();
  const from = parameters.get("from");
  const copied = useQuery({
    queryKey: ["rules", "copied", from],
    queryFn: async ({ signal }) => {
      const path = { rule_id: from ?? "" };
      const rule = await ask(api.GET("/api/v1/rules/{rule_id}", { params: { path }, signal }));
      return { rule, endpoints: await endpointsOf(api, rule.rule_id) };
    },
    enabled: from !== null,
    // What somebody is writing is not to be replaced by a later answer.
    staleTime: Infinity,
  });
  const severity = parameters.get("severity");
  const written: RuleDraft = {
    ...EMPTY_DRAFT,
    client_id: clientId,
    severity: isSeverity(severity) ? severity : EMPTY_DRAFT.severity,
    source: parameters.get("source") ?? "",
    name: parameters.get("name") ?? "",
  };
  return (
    <>
      <PageHeader
        above={<BackTo to="/rules">Rules</BackTo>}
        title={from === null ? "New rule" : "Duplicate a rule"}
        description={
          from === null
            ? TAKES_EFFECT
            : "Change at least one of severity, source, name and client: a client has each combination once."
        }
      />
      {from === null ? (
        <Draft initial={written} endpoints={NO_ENDPOINTS} />
      ) : copied.isError ? (
        <ErrorState error={copied.error} onRetry={() => copied.refetch()} />
      ) : copied.isPending ? (
        <LoadingState label="Loading the rule" />
      ) : (
        <Draft initial={copied.data.rule} endpoints={copied.data.endpoints} />
      )}
    </>
  );
}

function Draft({ initial, endpoints }: { initial: RuleDraft; endpoints: readonly Endpoint[] }) {
  const api = useApi();
  const navigate = useNavigate();
  const changed = useRulesChanged();
  const [withEndpoints, setWithEndpoints] = useState(true);
  const create = useChange(
    (draft: RuleDraft, once) => ask(api.POST("/api/v1/rules", { body: draft, params: { header: once } })),
    {
      onSuccess: async (rule) => {
        toastDone("The rule is created");
        // The rule is there whatever becomes of them.
        if (withEndpoints) await copyEndpoints(api, rule.rule_id, endpoints).catch(toastError);
        await changed();
        await navigate(`/rules/${rule.rule_id}`);
      },
    },
  );
  const refused = create.variables;
  const count = endpoints.length === 1 ? "its endpoint" : `its ${endpoints.length} endpoints`;
  return (
    <RuleEditor
      initial={draftOf(initial)}
      isNew
      submit="Create rule"
      onSubmit={(draft) => create.mutate(draft)}
      isBusy={create.isPending}
      error={create.error}
      notice={
        refused !== undefined && isDuplicate(create.error) ? (
          <DuplicateNotice pattern={refused} clientId={refused.client_id} />
        ) : undefined
      }
      more={
        endpoints.length > 0 && (
          <Checkbox
            label={`Copy ${count} too`}
            description="Webhooks are given secrets of their own, which are shown once."
            checked={withEndpoints}
            onChange={(event) => setWithEndpoints(event.currentTarget.checked)}
          />
        )
      }
      cancelTo="/rules"
    />
  );
}
