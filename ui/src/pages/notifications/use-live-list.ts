import { type QueryKey, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";

import { type Pages, usePages } from "@/api/queries";
import type { Page } from "@/api/types";

const REFRESH_MS = 4_000;

export interface LiveList<Item> {
  pages: Pages<Item>;
  /** How many have come since; at least so many, where `isMore`. */
  waiting: number;
  isMore: boolean;
  /** Puts the new ones on top. */
  showNew: () => void;
  isLive: boolean;
}

/**
 * A list, newest first, that stays up to date and never moves under anybody's hands.
 *
 * Its first page is read again and again. What is listed already changes in place. What is new comes in by itself only
 * while `isIdle` says that nobody is at the list and only its first page is there; otherwise it waits until it is asked for.
 */
export function useLiveList<Item extends object>({
  queryKey,
  idOf,
  isIdle,
  read,
}: {
  queryKey: QueryKey;
  idOf: (item: Item) => string;
  isIdle: () => boolean;
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>;
}): LiveList<Item> {
  const queries = useQueryClient();
  const pages = usePages(queryKey, read);
  const head = useQuery({
    queryKey: [...queryKey, "head"],
    queryFn: ({ signal }) => read(undefined, signal),
    refetchInterval: REFRESH_MS,
    enabled: pages.isSuccess,
  });
  const latest = head.data;

  const known = useMemo(() => new Set(pages.items.map(idOf)), [pages.items, idOf]);
  const fresh = useMemo(() => {
    const all = latest?.items ?? [];
    const end = all.findIndex((item) => known.has(idOf(item)));
    return { items: end < 0 ? all : all.slice(0, end), isMore: end < 0 && latest?.next_cursor != null };
  }, [latest, known, idOf]);

  // The key is made anew at each rendering; what it says is what counts.
  const keyText = JSON.stringify(queryKey);
  const put = useCallback(() => {
    if (latest === undefined) return;
    queries.setQueryData(JSON.parse(keyText) as QueryKey, { pages: [latest], pageParams: [undefined] });
  }, [latest, queries, keyText]);

  const mayPut = pages.data?.pages.length === 1 && head.dataUpdatedAt > pages.dataUpdatedAt;
  useEffect(() => {
    // Also when nothing is new: what has left the filters since goes.
    if (mayPut && isIdle()) put();
  }, [mayPut, head.dataUpdatedAt, isIdle, put]);

  const items = useMemo(() => {
    const newer = new Map(latest?.items.map((item) => [idOf(item), item]));
    return pages.items.map((item) => newer.get(idOf(item)) ?? item);
  }, [pages.items, latest, idOf]);
  return {
    pages: { ...pages, items },
    waiting: fresh.items.length,
    isMore: fresh.isMore,
    showNew: put,
    isLive: head.isSuccess && !head.isRefetchError,
  };
}
