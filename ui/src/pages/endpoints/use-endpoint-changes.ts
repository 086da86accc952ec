import { useQueryClient } from "@tanstack/react-query";

import { ask, ifMatch, perform } from "@/api/client";
import type { Endpoint } from "@/api/types";
import { useApi } from "@/app/context";
import { copyEndpoints } from "@/pages/rules/changes/restore";
import type { ComparedField } from "@/shared/ConflictDialog";
import { toastError, toastUndo } from "@/shared/toasts";
import { type GuardedChange, useGuardedChange } from "@/shared/useGuardedChange";

import { FORMATS, FORMAT_LABEL, RESOLVED } from "./draft";

/**
 * What shows endpoints is read anew. What the platform answered is shown at once, so that the next change is one to the
 * version that the last has made.
 */
export function useEndpointsChanged(): (answered?: Endpoint) => Promise<unknown> {
  const cache = useQueryClient();
  return (answered) => {
    if (answered !== undefined) cache.setQueryData(["endpoints", "one", answered.endpoint_id], answered);
    return cache.invalidateQueries({ queryKey: ["endpoints"] });
  };
}

export function useReadEndpoint(): (endpoint: Endpoint) => Promise<Endpoint> {
  const api = useApi();
  return ({ endpoint_id }) =>
    ask(api.GET("/api/v1/endpoints/{endpoint_id}", { params: { path: { endpoint_id } } }));
}

/** One of the two switches of an endpoint. */
type Switched = { enabled: boolean; send_resolved?: never } | { send_resolved: boolean; enabled?: never };

function switchedBack({ enabled, send_resolved }: Switched): Switched {
  return enabled === undefined ? { send_resolved: !send_resolved } : { enabled: !enabled };
}

function switchedWords({ enabled, send_resolved }: Switched): string {
  if (enabled !== undefined) return enabled ? "The endpoint is enabled" : "The endpoint is disabled";
  return `The endpoint is ${send_resolved ? "" : "no longer "}told when alerts are resolved`;
}

/** Switches an endpoint on or off, or what it is told of; the message about it takes it back. */
export function useSwitchEndpoint(): GuardedChange<Endpoint, Switched> {
  const api = useApi();
  const changed = useEndpointsChanged();
  const send = (endpoint: Endpoint, body: Switched) => {
    const params = { path: { endpoint_id: endpoint.endpoint_id }, header: ifMatch(endpoint) };
    return ask(api.PATCH("/api/v1/endpoints/{endpoint_id}", { params, body }));
  };
  return useGuardedChange(send, useReadEndpoint(), {
    onSuccess: async (endpoint, _seen, asked) => {
      toastUndo(switchedWords(asked), async () => {
        await changed(await send(endpoint, switchedBack(asked)));
      });
      await changed(endpoint);
    },
    onError: toastError,
  });
}

/** Deletes an endpoint; the message about it creates it again. */
export function useDeleteEndpoint(onDeleted: () => unknown): GuardedChange<Endpoint, null> {
  const api = useApi();
  const cache = useQueryClient();
  const changed = useEndpointsChanged();
  const send = (endpoint: Endpoint) => {
    const params = { path: { endpoint_id: endpoint.endpoint_id }, header: ifMatch(endpoint) };
    return perform(api.DELETE("/api/v1/endpoints/{endpoint_id}", { params }));
  };
  return useGuardedChange(send, useReadEndpoint(), {
    onSuccess: async (_nothing, endpoint) => {
      // What is shown of it would be asked for in vain: it is left first, and not read anew.
      await onDeleted();
      const secret = endpoint.type === "webhook" ? " Undo gives it a new secret." : "";
      toastUndo(`The endpoint is deleted.${secret}`, async () => {
        await copyEndpoints(api, endpoint.rule_id, [endpoint]);
        await changed();
      });
      return cache.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[0] === "endpoints" && !queryKey.includes(endpoint.endpoint_id),
      });
    },
    onError: toastError,
  });
}

/** What a change of an endpoint can change, but for its secret. */
export type Changed = Pick<
  Endpoint,
  "value" | "headers" | "format" | "enabled" | "send_resolved" | "description"
>;

/** An endpoint in three versions, for `ConflictDialog`. */
export function compareEndpoints(seen: Changed, theirs: Changed, mine: Changed): ComparedField[] {
  const state = ({ enabled }: Changed) => (enabled ? "enabled" : "disabled");
  const headers = (fields: Changed) => {
    const lines = Object.entries(fields.headers).map(([name, value]) => `${name}: ${value}`);
    return lines.length === 0 ? "none" : lines.sort().join("\n");
  };
  const field = (label: string, of: (fields: Changed) => string): ComparedField => ({
    label,
    seen: of(seen),
    theirs: of(theirs),
    mine: of(mine),
  });
  return [
    field("Target", ({ value }) => value),
    field(FORMAT_LABEL, ({ format }) => FORMATS[format].label),
    field("Headers", headers),
    field("State", state),
    field(RESOLVED.label, ({ send_resolved }) => RESOLVED.words[send_resolved ? "on" : "off"].toLowerCase()),
    field("Description", ({ description }) => description),
  ];
}
