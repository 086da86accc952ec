import { createContext, useContext } from "react";

/** Which client is looked at. */
export interface Scope {
  /** null: all that the key may see. */
  clientId: string | null;
  choose: (clientId: string | null) => void;
}

export const ScopeContext = createContext<Scope | null>(null);

/** The client that was chosen in the header: pass it to lists as `client_id: clientId ?? undefined`. */
export function useScope(): Scope {
  const scope = useContext(ScopeContext);
  if (scope === null) throw new Error("there is no ScopeContext above this component");
  return scope;
}
