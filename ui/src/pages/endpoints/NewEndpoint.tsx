import { Input, Text } from "@mantine/core";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { EndpointWithSecret } from "@/api/types";
import { useApi } from "@/app/context";
import { BackTo } from "@/shared/BackTo";
import { PageHeader } from "@/shared/PageHeader";
import { toastDone } from "@/shared/toasts";

import { bodyOf, EMPTY_DRAFT, type EndpointDraft } from "./draft";
import { EndpointEditor } from "./EndpointEditor";
import { RuleLink } from "./RuleLink";
import { RulePicker } from "./RulePicker";
import { SecretDialog } from "./SecretDialog";
import { useEndpointsChanged } from "./use-endpoint-changes";

/** Creates an endpoint; `?rule=<id>` says of which rule. */
export function NewEndpoint() {
  const api = useApi();
  const navigate = useNavigate();
  const changed = useEndpointsChanged();
  const [parameters] = useSearchParams();
  const given = parameters.get("rule");
  const [ruleId, setRuleId] = useState(given);
  const [missing, setMissing] = useState(false);
  const [made, setMade] = useState<EndpointWithSecret | null>(null);
  const leave = (endpointId: string) => void navigate(`/endpoints/${endpointId}`);
  const create = useChange(
    ({ rule, draft }: { rule: string; draft: EndpointDraft }, once) => {
      const params = { path: { rule_id: rule }, header: once };
      return ask(api.POST("/api/v1/rules/{rule_id}/endpoints", { params, body: bodyOf(draft) }));
    },
    {
      onSuccess: async (endpoint) => {
        await changed();
        if (endpoint.secret === null) {
          toastDone("The endpoint is created");
          leave(endpoint.endpoint_id);
        } else setMade(endpoint);
      },
    },
  );
  return (
    <>
      <PageHeader
        above={
          given === null ? (
            <BackTo to="/endpoints">Endpoints</BackTo>
          ) : (
            <BackTo to={`/rules/${given}`}>Rule</BackTo>
          )
        }
        title="New endpoint"
        description="Where the notifications of a rule are sent."
      />
      <EndpointEditor
        initial={EMPTY_DRAFT}
        isNew
        submit="Create endpoint"
        onSubmit={(draft) => {
          setMissing(ruleId === null);
          if (ruleId !== null) create.mutate({ rule: ruleId, draft });
        }}
        isBusy={create.isPending}
        error={create.error}
        before={
          given === null ? (
            <RulePicker
              value={ruleId}
              onChange={setRuleId}
              error={missing && ruleId === null ? "Choose the rule that it belongs to" : null}
            />
          ) : (
            <div>
              <Input.Label component="div">Rule</Input.Label>
              <Text component="div" size="sm">
                <RuleLink endpoint={{ rule_id: given }} />
              </Text>
            </div>
          )
        }
        cancelTo={given === null ? "/endpoints" : `/rules/${given}`}
      />
      {made !== null && (
        <SecretDialog
          secret={made.secret ?? ""}
          title="The webhook is created: this is its signing secret"
          onClose={() => leave(made.endpoint_id)}
        />
      )}
    </>
  );
}
