import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { ProblemError, VersionConflictError } from "@/api/problem";

/** A change that was refused because somebody else was faster. */
export interface Conflict<Seen, Asked> {
  /** What was on the page when the change was asked for. */
  seen: Seen;
  /** What is stored now. */
  theirs: Seen;
  asked: Asked;
}

export interface GuardedChange<Seen, Asked> {
  start: (seen: Seen, asked: Asked) => void;
  isBusy: boolean;
  /** Why it failed, where it was no conflict. */
  error: Error | null;
  conflict: Conflict<Seen, Asked> | null;
  /** Does it all the same, to what is stored now. */
  insist: () => void;
  dismiss: () => void;
}

/**
 * A change of something that has a version, made only to the version that was seen.
 *
 * When somebody changed it meanwhile, what is stored now is read and kept beside what was seen, for `ConflictDialog`.
 */
export function useGuardedChange<Seen, Asked, Answered>(
  send: (seen: Seen, asked: Asked) => Promise<Answered>,
  read: (seen: Seen) => Promise<Seen>,
  options: {
    onSuccess: (answered: Answered, seen: Seen, asked: Asked) => unknown;
    onError?: (error: Error) => unknown;
  },
): GuardedChange<Seen, Asked> {
  const [conflict, setConflict] = useState<Conflict<Seen, Asked> | null>(null);
  const change = useMutation({
    mutationFn: async ({ seen, asked }: { seen: Seen; asked: Asked }) => {
      try {
        return { refused: false as const, answered: await send(seen, asked) };
      } catch (error) {
        if (!(error instanceof VersionConflictError)) throw error;
        return { refused: true as const, theirs: await read(seen) };
      }
    },
    onSuccess: (result, { seen, asked }) => {
      if (result.refused) {
        setConflict({ seen, theirs: result.theirs, asked });
        return;
      }
      setConflict(null);
      return options.onSuccess(result.answered, seen, asked);
    },
    onError: options.onError,
  });
  return {
    start: (seen, asked) => change.mutate({ seen, asked }),
    isBusy: change.isPending,
    error: change.error,
    conflict,
    insist: () => {
      if (conflict !== null) change.mutate({ seen: conflict.theirs, asked: conflict.asked });
    },
    dismiss: () => setConflict(null),
  };
}

/** Whether what was asked for is no longer there. */
export function isGone(error: Error | null): boolean {
  return error instanceof ProblemError && error.code === "not-found";
}
