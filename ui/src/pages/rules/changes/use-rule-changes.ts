import { useQueryClient } from "@tanstack/react-query";

import { ask, ifMatch, perform } from "@/api/client";
import type { Endpoint, Rule } from "@/api/types";
import { useApi } from "@/app/context";
import { toastError, toastUndo } from "@/shared/toasts";
import { type GuardedChange, useGuardedChange } from "@/shared/useGuardedChange";

import { endpointsOf, restoreRule } from "./restore";

/**
 * What shows rules, or follows from them, is read anew. What the platform answered is shown at once, so that the next
 * change is one to the version that the last has made.
 */
export function useRulesChanged(): (answered?: Rule) => Promise<unknown> {
  const cache = useQueryClient();
  return (answered) => {
    if (answered !== undefined) cache.setQueryData(["rules", "one", answered.rule_id], answered);
    return Promise.all([
      cache.invalidateQueries({ queryKey: ["rules"] }),
      cache.invalidateQueries({ queryKey: ["endpoints"] }),
    ]);
  };
}

export function useReadRule(): (rule: Rule) => Promise<Rule> {
  const api = useApi();
  return ({ rule_id }) => ask(api.GET("/api/v1/rules/{rule_id}", { params: { path: { rule_id } } }));
}

/** Switches a rule on or off; the message about it takes it back. */
export function useSwitchRule(): GuardedChange<Rule, boolean> {
  const api = useApi();
  const changed = useRulesChanged();
  const send = (rule: Rule, enabled: boolean) => {
    const params = { path: { rule_id: rule.rule_id }, header: ifMatch(rule) };
    return ask(api.PATCH("/api/v1/rules/{rule_id}", { params, body: { enabled } }));
  };
  return useGuardedChange(send, useReadRule(), {
    onSuccess: async (rule, _seen, enabled) => {
      toastUndo(enabled ? "The rule is enabled" : "The rule is disabled", async () => {
        await changed(await send(rule, !enabled));
      });
      await changed(rule);
    },
    onError: toastError,
  });
}

/** Deletes a rule and its endpoints; the message about it creates them again. */
export function useDeleteRule(onDeleted: () => unknown): GuardedChange<Rule, null> {
  const api = useApi();
  const cache = useQueryClient();
  const changed = useRulesChanged();
  const send = async (rule: Rule): Promise<Endpoint[]> => {
    const endpoints = await endpointsOf(api, rule.rule_id);
    const params = { path: { rule_id: rule.rule_id }, header: ifMatch(rule) };
    await perform(api.DELETE("/api/v1/rules/{rule_id}", { params }));
    return endpoints;
  };
  return useGuardedChange(send, useReadRule(), {
    onSuccess: async (endpoints, rule) => {
      // What is shown of it would be asked for in vain: it is left first, and not read anew.
      await onDeleted();
      toastUndo(deletedMessage(endpoints), async () => {
        await restoreRule(api, rule, endpoints);
        await changed();
      });
      return cache.invalidateQueries({
        predicate: ({ queryKey }) =>
          (queryKey[0] === "rules" || queryKey[0] === "endpoints") && !queryKey.includes(rule.rule_id),
      });
    },
    onError: toastError,
  });
}

function deletedMessage(endpoints: readonly Endpoint[]): string {
  if (endpoints.length === 0) return "The rule is deleted";
  const count = endpoints.length === 1 ? "its endpoint are" : `its ${endpoints.length} endpoints are`;
  const hasSecrets = endpoints.some(({ type }) => type === "webhook");
  return `The rule and ${count} deleted.${hasSecrets ? " Undo gives webhooks new secrets." : ""}`;
}
