import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** One filter of a list. It is in the address, so that what one sees can be sent to somebody; null: not filtered. */
export function useFilter(name: string): [value: string | null, set: (value: string | null) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = useCallback(
    (value: string | null) => {
      setParameters(
        (now) => {
          const next = new URLSearchParams(now);
          if (value === null || value === "") next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      );
    },
    [name, setParameters],
  );
  return [parameters.get(name), set];
}

/** Whether the address has any of these filters. */
export function useIsFiltered(names: readonly string[]): boolean {
  const [parameters] = useSearchParams();
  return names.some((name) => parameters.has(name));
}

/** The value of a filter that is either on or off, as the API takes it; undefined: not filtered. */
export function flagOf(value: string | null): boolean | undefined {
  return value === "true" ? true : value === "false" ? false : undefined;
}
