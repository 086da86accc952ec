import { useQuery } from "@tanstack/react-query";

import { ask } from "@/api/client";
import type { components } from "@/api/schema";

import { useApi } from "./context";

export type KeyScope = components["schemas"]["CallerShown"]["allowed"][number];

/** Who the key of this tab belongs to. */
export interface Caller {
  /** Sees all clients, and how the platform is doing. */
  isOperator: boolean;
  /** Whether the platform has said who it is. */
  isKnown: boolean;
  /** The one client that the key is for; null for operators, and until that is known. */
  clientId: string | null;
  /** For people. */
  sentence: string;
  /** Whether the key allows something: what it does not allow is not offered. */
  may: (scope: KeyScope) => boolean;
}

const UNKNOWN: Caller = {
  isOperator: false,
  isKnown: false,
  clientId: null,
  sentence: "Looking who you are…",
  may: () => false,
};

/** It will not say so: pages show what they can without. */
const REFUSED: Caller = { ...UNKNOWN, isKnown: true };

/** Who is signed in; until that is known, somebody who may do nothing. */
export function useCaller(): Caller {
  const api = useApi();
  const { data, isError } = useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/me", { signal })),
    staleTime: 60_000,
    select: callerOf,
  });
  return data ?? (isError ? REFUSED : UNKNOWN);
}

function callerOf(me: components["schemas"]["CallerShown"]): Caller {
  const allowed = new Set(me.allowed);
  return {
    isOperator: me.is_operator,
    isKnown: true,
    clientId: me.client_id,
    sentence: me.client_id === null ? `Operator: ${me.name}` : `${me.client_id}: ${me.name}`,
    may: (scope) => allowed.has(scope),
  };
}
