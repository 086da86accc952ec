import { useCallback, useSyncExternalStore } from "react";

import { usePlatform } from "@/app/context";
import type { Action } from "@/platform/session";
import type { SimulationControl, SimulationState } from "@/platform/simulation";
import { toastError } from "@/shared/toasts";

/** The controls of the simulation; this page exists only where there is one. */
export function useControl(): SimulationControl {
  const { simulation } = usePlatform();
  if (simulation === undefined) throw new Error("this platform is not simulated");
  return simulation;
}

/** All that is the case. Renders five times a second: for what shows moving figures alone. */
export function useSimulation(): SimulationState {
  return useSimulated(everything);
}

const everything = (state: SimulationState) => state;

/** A part of what is the case; make `select` with `distinct` when it returns a new object each time. */
export function useSimulated<Part>(select: (state: SimulationState) => Part): Part {
  const control = useControl();
  const subscribe = useCallback((changed: () => void) => control.subscribe(changed), [control]);
  return useSyncExternalStore(subscribe, () => select(control.state()));
}

/** Returns the same object for as long as it says the same, so that a panel renders only when something changed. */
export function distinct<Part>(select: (state: SimulationState) => Part): (state: SimulationState) => Part {
  let last: { state: SimulationState; part: Part; text: string } | undefined;
  return (state) => {
    if (last?.state === state) return last.part;
    const part = select(state);
    const text = JSON.stringify(part);
    last = { state, text, part: last?.text === text ? last.part : part };
    return last.part;
  };
}

/** Does something to the platform; what was refused is said in a message. */
export function useAct(): (action: Action) => Promise<boolean> {
  const control = useControl();
  return useCallback(
    async (action) => {
      try {
        await control.act(action);
        return true;
      } catch (error) {
        toastError(asError(error));
        return false;
      }
    },
    [control],
  );
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
