import type { Endpoint } from "@/api/types";
import { ConflictDialog } from "@/shared/ConflictDialog";
import type { GuardedChange } from "@/shared/useGuardedChange";

import { type Changed, compareEndpoints, useEndpointsChanged } from "./use-endpoint-changes";

/** A change of an endpoint that was refused because somebody else was faster. */
export function EndpointConflict<Asked>({
  change,
  mine,
  insist,
  onTakeTheirs,
}: {
  change: GuardedChange<Endpoint, Asked>;
  /** What the endpoint would be after the change that was asked for. */
  mine: (theirs: Endpoint, asked: Asked) => Changed;
  insist: string;
  onTakeTheirs?: (theirs: Endpoint) => void;
}) {
  const endpointsChanged = useEndpointsChanged();
  const { conflict } = change;
  return (
    <ConflictDialog
      opened={conflict !== null}
      what="endpoint"
      changedAt={conflict?.theirs.updated_at}
      fields={
        conflict === null
          ? []
          : compareEndpoints(conflict.seen, conflict.theirs, mine(conflict.theirs, conflict.asked))
      }
      insist={insist}
      onInsist={change.insist}
      onTakeTheirs={() => {
        if (conflict !== null) onTakeTheirs?.(conflict.theirs);
        change.dismiss();
        void endpointsChanged();
      }}
      onClose={change.dismiss}
      isBusy={change.isBusy}
      error={change.error}
    />
  );
}
