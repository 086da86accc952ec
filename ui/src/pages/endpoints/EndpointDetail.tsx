import { Box, Button, Paper, Stack, Text } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router";

import { ask } from "@/api/client";
import type { Endpoint } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { BackTo } from "@/shared/BackTo";
import { ErrorState } from "@/shared/ErrorState";
import { HostileText } from "@/shared/HostileText";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { WarningNote } from "@/shared/WarningNote";

import { endpointTitle, TYPES } from "./draft";
import { EndpointConflict } from "./EndpointConflict";
import { EndpointFacts } from "./EndpointFacts";
import classes from "./endpoints.module.css";
import { HowToVerify } from "./HowToVerify";
import { RotateSecret } from "./RotateSecret";
import { TestPanel } from "./TestPanel";
import { useDeleteEndpoint } from "./use-endpoint-changes";

/** One endpoint: what it is, whether it works, and how its requests are verified. */
export function EndpointDetail() {
  const api = useApi();
  const { endpointId = "" } = useParams();
  const endpoint = useQuery({
    queryKey: ["endpoints", "one", endpointId],
    queryFn: ({ signal }) => {
      const params = { path: { endpoint_id: endpointId } };
      return ask(api.GET("/api/v1/endpoints/{endpoint_id}", { params, signal }));
    },
  });
  if (endpoint.isSuccess) return <Shown endpoint={endpoint.data} />;
  return (
    <>
      <PageHeader above={<BackTo to="/endpoints">Endpoints</BackTo>} title="Endpoint" />
      {endpoint.isError ? (
        <ErrorState error={endpoint.error} onRetry={() => endpoint.refetch()} />
      ) : (
        <LoadingState label="Loading the endpoint" />
      )}
    </>
  );
}

function Shown({ endpoint }: { endpoint: Endpoint }) {
  return (
    <>
      <PageHeader
        above={<BackTo to="/endpoints">Endpoints</BackTo>}
        title={endpointTitle(endpoint)}
        description={
          endpoint.description === "" ? (
            TYPES[endpoint.type].says
          ) : (
            <HostileText text={endpoint.description} />
          )
        }
        actions={<Actions endpoint={endpoint} />}
      />
      {endpoint.disabled_reason === "gone" && (
        <Box mb="md">
          <WarningNote title="The receiver said that it is gone">
            <Text size="sm">
              It answered 410, so the platform has disabled the endpoint. Enable it once the receiver is back.
            </Text>
          </WarningNote>
        </Box>
      )}
      <div className={classes.columns}>
        <Stack gap="md">
          <EndpointFacts endpoint={endpoint} />
          {endpoint.type === "webhook" && (
            <Paper component="section" aria-label="Verification">
              <HowToVerify />
            </Paper>
          )}
        </Stack>
        <TestPanel endpoint={endpoint} />
      </div>
    </>
  );
}

function Actions({ endpoint }: { endpoint: Endpoint }) {
  const caller = useCaller();
  const navigate = useNavigate();
  const remove = useDeleteEndpoint(() => navigate(`/rules/${endpoint.rule_id}`));
  if (!caller.may("rules:write")) return null;
  return (
    <>
      <Button
        component={Link}
        to={`/endpoints/${endpoint.endpoint_id}/edit`}
        leftSection={<IconPencil size={16} stroke={1.6} aria-hidden />}
      >
        Edit
      </Button>
      {endpoint.type === "webhook" && <RotateSecret endpoint={endpoint} />}
      <Button
        variant="default"
        leftSection={<IconTrash size={16} stroke={1.6} aria-hidden />}
        loading={remove.isBusy}
        onClick={() => remove.start(endpoint, null)}
      >
        Delete
      </Button>
      <EndpointConflict change={remove} mine={(theirs) => theirs} insist="Delete it anyway" />
    </>
  );
}
