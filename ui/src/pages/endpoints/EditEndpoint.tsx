import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";

import { ask, ifMatch } from "@/api/client";
import { FOR_EDITING } from "@/api/queries";
import type { Endpoint } from "@/api/types";
import { useApi } from "@/app/context";
import { BackTo } from "@/shared/BackTo";
import { ErrorState } from "@/shared/ErrorState";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { toastDone } from "@/shared/toasts";
import { useGuardedChange } from "@/shared/useGuardedChange";

import { bodyOf, draftOf, type EndpointDraft } from "./draft";
import { EndpointConflict } from "./EndpointConflict";
import { EndpointEditor } from "./EndpointEditor";
import { TypeLabel } from "./TypeLabel";
import { useEndpointsChanged, useReadEndpoint } from "./use-endpoint-changes";

/** Changes an endpoint. */
export function EditEndpoint() {
  const api = useApi();
  const { endpointId = "" } = useParams();
  const endpoint = useQuery({
    queryKey: ["endpoints", "edited", endpointId],
    queryFn: ({ signal }) => {
      const params = { path: { endpoint_id: endpointId } };
      return ask(api.GET("/api/v1/endpoints/{endpoint_id}", { params, signal }));
    },
    ...FOR_EDITING,
  });
  return (
    <>
      <PageHeader
        above={<BackTo to={`/endpoints/${endpointId}`}>Endpoint</BackTo>}
        title="Edit endpoint"
        description={
          endpoint.isSuccess && (
            <>
              <TypeLabel type={endpoint.data.type} />. What is already planned goes to the target that it was
              planned for.
            </>
          )
        }
      />
      {endpoint.isError ? (
        <ErrorState error={endpoint.error} onRetry={() => endpoint.refetch()} />
      ) : endpoint.isPending ? (
        <LoadingState label="Loading the endpoint" />
      ) : (
        <Draft key={endpointId} stored={endpoint.data} />
      )}
    </>
  );
}

function Draft({ stored }: { stored: Endpoint }) {
  const api = useApi();
  const navigate = useNavigate();
  const changed = useEndpointsChanged();
  // The version that the form began with: the one that a change is made to.
  const [begun, setBegun] = useState(stored);
  const save = useGuardedChange(
    (seen: Endpoint, draft: EndpointDraft) => {
      const params = { path: { endpoint_id: seen.endpoint_id }, header: ifMatch(seen) };
      return ask(api.PUT("/api/v1/endpoints/{endpoint_id}", { params, body: bodyOf(draft) }));
    },
    useReadEndpoint(),
    {
      onSuccess: async (endpoint) => {
        toastDone("The endpoint is saved");
        await navigate(`/endpoints/${endpoint.endpoint_id}`);
        await changed(endpoint);
      },
    },
  );
  return (
    <>
      <EndpointEditor
        key={begun.version}
        initial={draftOf(begun)}
        isNew={false}
        submit="Save endpoint"
        onSubmit={(draft) => save.start(begun, draft)}
        isBusy={save.isBusy}
        error={save.error}
        cancelTo={`/endpoints/${begun.endpoint_id}`}
      />
      <EndpointConflict
        change={save}
        mine={(theirs, draft) => ({ ...theirs, headers: {}, ...bodyOf(draft) })}
        insist="Save mine over it"
        onTakeTheirs={setBegun}
      />
    </>
  );
}
