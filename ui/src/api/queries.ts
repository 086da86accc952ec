import {
  QueryClient,
  type QueryKey,
  useInfiniteQuery,
  type UseInfiniteQueryResult,
  useMutation,
  type UseMutationResult,
} from "@tanstack/react-query";
import { useMemo } from "react";

import { newIdempotencyKey } from "./client";
import { ProblemError } from "./problem";
import type { Page } from "./types";

const TRIES_MAX = 3;
const WAIT_MS_MAX = 8_000;

/** How a whole visit asks: what may succeed a little later is asked again, what was refused is shown at once. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (failures, error) => failures < TRIES_MAX - 1 && isRetryable(error),
        retryDelay: waitMs,
        staleTime: 2_000,
        // The API is asked even when the browser believes to be offline: it may run on this very machine.
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** How what somebody is about to write over is asked for: read afresh, and then left alone until the page is left. */
export const FOR_EDITING = {
  // What somebody is writing is not to be replaced by a later answer; the version tells of changes.
  staleTime: Infinity,
  gcTime: 0,
  refetchOnMount: "always",
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
} as const;

function isRetryable(error: unknown): boolean {
  return error instanceof ProblemError && error.isRetryable;
}

function waitMs(failures: number, error: unknown): number {
  const asked = error instanceof ProblemError ? error.retryAfterS : null;
  return Math.min(WAIT_MS_MAX, Math.max((asked ?? 0) * 1000, 500 * 2 ** failures));
}

/** A list, page by page. */
export type Pages<Item> = UseInfiniteQueryResult<{ pages: Page<Item>[] }> & { items: Item[] };

/**
 * Reads a list page by page; hand the result to `DataTable`.
 *
 * @param key Everything that decides what is listed, the filters included.
 * @param read Reads the page at a cursor; undefined is the first.
 */
export function usePages<Item>(
  key: QueryKey,
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
  options: { refetchMs?: number; enabled?: boolean } = {},
): Pages<Item> {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: options.refetchMs ?? false,
    enabled: options.enabled ?? true,
  });
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return { ...query, items };
}

/**
 * A change that is sent again when no answer came, under one Idempotency-Key: it happens once.
 *
 * @param change Sends it; `once` belongs into the headers of a POST.
 */
export function useChange<Asked, Answered>(
  change: (asked: Asked, once: { "Idempotency-Key": string }) => Promise<Answered>,
  options: {
    onSuccess?: (answered: Answered, asked: Asked) => unknown;
    onError?: (error: Error, asked: Asked) => unknown;
  } = {},
): UseMutationResult<Answered, Error, Asked> {
  return useMutation<Answered, Error, Asked>({
    mutationFn: (asked) => {
      const once = { "Idempotency-Key": newIdempotencyKey() };
      return insist(() => change(asked, once));
    },
    onSuccess: options.onSuccess,
    onError: options.onError,
  });
}

async function insist<Answered>(send: () => Promise<Answered>): Promise<Answered> {
  for (let failures = 0; ; failures++) {
    try {
      return await send();
    } catch (error) {
      if (!isRetryable(error) || failures + 1 >= TRIES_MAX) throw error;
      const ms = waitMs(failures, error);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}
