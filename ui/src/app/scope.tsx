import { type ReactNode, useCallback, useMemo, useState } from "react";
import { useSearchParams } from "react-router";

import { ScopeContext } from "./scope-context";

const PARAMETER = "client";

/**
 * Keeps which client an operator looks at. It is in the address (`?client=acme`), so that links show what was meant,
 * and remembered while one goes from page to page.
 */
export function ScopeProvider({ children }: { children: ReactNode }) {
  const [parameters, setParameters] = useSearchParams();
  const inAddress = parameters.get(PARAMETER);
  const [remembered, setRemembered] = useState(inAddress);
  if (inAddress !== null && inAddress !== remembered) setRemembered(inAddress);

  const choose = useCallback(
    (clientId: string | null) => {
      setRemembered(clientId);
      setParameters((now) => {
        const next = new URLSearchParams(now);
        if (clientId === null) next.delete(PARAMETER);
        else next.set(PARAMETER, clientId);
        next.delete("cursor");
        return next;
      });
    },
    [setParameters],
  );

  const clientId = inAddress ?? remembered;
  const scope = useMemo(() => ({ clientId, choose }), [clientId, choose]);
  return <ScopeContext value={scope}>{children}</ScopeContext>;
}
