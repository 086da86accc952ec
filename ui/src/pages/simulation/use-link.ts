import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useSearchParams } from "react-router";

import { type Moment, readLink } from "@/playground/link";

import { asError, useControl, useSimulated } from "./use-simulation";

/** How far the run of a link is, and whether it is the one that was shared. */
export interface Followed {
  /** Why the link could not be taken. */
  refusal: string | null;
  /** The moment that the link leads to. */
  moment: Moment | null;
  /** Whether that moment came, and the run was the same until there. */
  verdict: "same" | "other" | null;
}

/** Starts what the address says when that changes while the page is open. */
export function useLink(): Followed {
  const control = useControl();
  const [, setParameters] = useSearchParams();
  const { search } = useLocation();
  const { scenario: text, moment, damage } = useMemo(() => readLink(search), [search]);
  const stopAtMs = moment?.atMs ?? null;
  const [refused, setRefused] = useState<{ text: string; why: string } | null>(
    control.refusal === null ? null : { text: control.link, why: control.refusal },
  );
  const refusal = damage ?? (refused !== null && refused.text === text ? refused.why : null);
  const generation = useSimulated((state) => state.snapshot.generation);
  const arrived = useSimulated((state) =>
    moment !== null && state.snapshot.at_ms === moment.atMs ? state.snapshot.digest : null,
  );
  const [judged, setJudged] = useState<{ key: string; verdict: "same" | "other" } | null>(null);

  // The same text is not started again: the page was left and entered, or began with it.
  useEffect(() => {
    // What is usual runs in place of what nobody can read.
    if (damage !== null && control.link !== "") void control.start("");
    if (damage !== null || text === "" || control.link === text) return;
    control.start(text, stopAtMs).catch((error: unknown) => {
      setRefused({ text, why: asError(error).message });
      void control.start("");
    });
  }, [control, text, stopAtMs, damage]);

  // Something else was started here since: the address no longer says what runs.
  const before = useRef(generation);
  useEffect(() => {
    if (before.current === generation) return;
    before.current = generation;
    if (text === "" || control.link === text || refusal !== null) return;
    setParameters(new URLSearchParams(), { replace: true });
  }, [control, generation, refusal, setParameters, text]);

  const key = `${generation} ${search}`;
  if (arrived !== null && moment !== null && judged?.key !== key) {
    setJudged({ key, verdict: arrived === moment.digest ? "same" : "other" });
  }
  return {
    refusal,
    moment,
    verdict: judged?.key === key ? judged.verdict : null,
  };
}
