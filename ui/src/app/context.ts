import { createContext, useContext, useSyncExternalStore } from "react";

import type { Api } from "@/api/client";
import type { Platform } from "@/platform/platform";

export interface Connection {
  platform: Platform;
  api: Api;
}

export const ConnectionContext = createContext<Connection | null>(null);

function useConnection(): Connection {
  const connection = useContext(ConnectionContext);
  if (connection === null) throw new Error("there is no ConnectionContext above this component");
  return connection;
}

/** The API with its types. */
export function useApi(): Api {
  return useConnection().api;
}

/** What the API is spoken to through; only for its `signIn` and `simulation`. */
export function usePlatform(): Platform {
  return useConnection().platform;
}

const never = () => () => undefined;

/** Whether the platform can be asked: there is a key, or none is needed. */
export function useIsSignedIn(): boolean {
  const { signIn } = usePlatform();
  return useSyncExternalStore(
    signIn ? (changed) => signIn.subscribe(changed) : never,
    () => signIn?.hasKey ?? true,
  );
}
