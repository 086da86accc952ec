import { useQuery } from "@tanstack/react-query";

import { ask } from "@/api/client";
import type { Alert } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";

const LOOKED_AT = 200;

export interface Seen {
  sources: string[];
  names: string[];
}

const NOTHING: Seen = { sources: [], names: [] };

/** Which sources and names recent alerts had, the most frequent first. Empty for keys that may not read alerts. */
export function useSeen(): Seen {
  const api = useApi();
  const caller = useCaller();
  const { data } = useQuery({
    queryKey: ["alerts", "seen"],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/v1/alerts", { params: { query: { limit: LOOKED_AT } }, signal })),
    enabled: caller.may("notifications:read"),
    staleTime: 60_000,
    select: ({ items }) => seenIn(items),
  });
  return data ?? NOTHING;
}

function seenIn(alerts: readonly Alert[]): Seen {
  return {
    sources: byFrequency(alerts.map(({ source }) => source)),
    names: byFrequency(alerts.map(({ name }) => name)),
  };
}

function byFrequency(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([text]) => text);
}
