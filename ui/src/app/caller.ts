import { useQuery } from "@tanstack/react-query";

import { type Api, ask } from "@/api/client";
import { ProblemError } from "@/api/problem";

import { useApi } from "./context";

/** Who the key of this tab belongs to. */
export interface Caller {
  /** Sees all clients, and how the platform is doing. */
  isOperator: boolean;
  /** May manage keys. */
  isAdmin: boolean;
  /** For people. */
  sentence: string;
}

const UNKNOWN: Caller = { isOperator: false, isAdmin: false, sentence: "Looking who you are…" };

/** Who is signed in; until that is known, somebody who may do nothing special. */
export function useCaller(): Caller {
  const api = useApi();
  const { data } = useQuery({ queryKey: ["caller"], queryFn: () => readCaller(api), staleTime: 60_000 });
  return data ?? UNKNOWN;
}

async function readCaller(api: Api): Promise<Caller> {
  const isAdmin = await mayList(api);
  const { stages } = await ask(api.GET("/api/v1/metrics"));
  const isOperator = isAdmin && stages.length > 0;
  const sentence = isOperator ? "Signed in as an operator" : "Signed in with a client's key";
  return { isOperator, isAdmin, sentence };
}

async function mayList(api: Api): Promise<boolean> {
  try {
    await ask(api.GET("/api/v1/keys", { params: { query: { limit: 1 } } }));
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.status === 403) return false;
    throw error;
  }
}
