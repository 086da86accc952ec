import { useQuery } from "@tanstack/react-query";

import { type Api, ask } from "@/api/client";
import type { Page } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";

/** Counted one page far: lists have no totals, and "100+" says enough. */
const COUNTED_MAX = 100;

export interface Belonging {
  kind: "rules" | "endpoints" | "notifications" | "keys";
  /** "7", "100+". */
  shown: string;
  isOne: boolean;
}

/** What a client owns, as far as the caller may see it. */
export function useBelongings(clientId: string) {
  const api = useApi();
  const caller = useCaller();
  const rights = {
    rules: caller.may("rules:read"),
    notifications: caller.may("notifications:read"),
    keys: caller.may("admin"),
  };
  return useQuery({
    queryKey: ["clients", "belongings", clientId, rights],
    queryFn: ({ signal }) => countAll(api, clientId, rights, signal),
  });
}

async function countAll(
  api: Api,
  clientId: string,
  rights: { rules: boolean; notifications: boolean; keys: boolean },
  signal: AbortSignal,
): Promise<Belonging[]> {
  const asked = { params: { query: { client_id: clientId, limit: COUNTED_MAX } }, signal };
  const counted = [
    ...(rights.rules
      ? [
          counting("rules", ask(api.GET("/api/v1/rules", asked))),
          counting("endpoints", ask(api.GET("/api/v1/endpoints", asked))),
        ]
      : []),
    ...(rights.notifications
      ? [counting("notifications", ask(api.GET("/api/v1/notifications", asked)))]
      : []),
    ...(rights.keys ? [counting("keys", ask(api.GET("/api/v1/keys", asked)))] : []),
  ];
  return Promise.all(counted);
}

async function counting(kind: Belonging["kind"], page: Promise<Page<unknown>>): Promise<Belonging> {
  const { items, next_cursor } = await page;
  const shown = next_cursor === null ? String(items.length) : `${items.length}+`;
  return { kind, shown, isOne: shown === "1" };
}
