import { useState } from "react";

const KEY = "alerting-playground-tour";
const STEPS = 5;

/** How far somebody is. */
export interface TourProgress {
  step: number;
  /** What was sent in the first step. */
  alert: { alertId: string; clientId: string; what: string } | null;
}

const BEGIN: TourProgress = { step: 0, alert: null };

/** The tour begins by itself at a first visit; afterwards it is remembered that it ended. Null: it is not shown. */
export function useTour() {
  const [progress, setProgress] = useState<TourProgress | null>(read);
  const go = (to: TourProgress | null) => {
    setProgress(to);
    try {
      localStorage.setItem(KEY, to === null ? "ended" : JSON.stringify(to));
    } catch {
      // A window without storage begins with the tour each time.
    }
  };
  return { progress, go, begin: () => go(BEGIN), end: () => go(null) };
}

function read(): TourProgress | null {
  try {
    const text = localStorage.getItem(KEY);
    if (text === "ended") return null;
    const kept = JSON.parse(text ?? "{}") as Partial<TourProgress>;
    const step = kept.step ?? 0;
    if (!Number.isInteger(step) || step < 0 || step >= STEPS) return BEGIN;
    return { step, alert: kept.alert ?? null };
  } catch {
    return BEGIN;
  }
}
