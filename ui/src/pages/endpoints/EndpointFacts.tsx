import { Paper, Text } from "@mantine/core";

import type { Endpoint } from "@/api/types";
import { CopiedText } from "@/shared/CopiedText";
import { Facts } from "@/shared/Facts";
import { HostileText } from "@/shared/HostileText";
import { TimeAgo } from "@/shared/TimeAgo";

import { FORMAT_LABEL, FORMATS, RESOLVED, splitAddresses } from "./draft";
import { EndpointSwitch } from "./EndpointSwitch";
import { HeaderFacts } from "./HeaderFacts";
import { ResolvedSwitch } from "./ResolvedSwitch";
import { RuleLink } from "./RuleLink";
import { TypeLabel } from "./TypeLabel";

/** What an endpoint is. */
export function EndpointFacts({ endpoint }: { endpoint: Endpoint }) {
  const targets = endpoint.type === "email" ? splitAddresses(endpoint.value) : [endpoint.value];
  return (
    <Paper component="section" aria-labelledby="endpoint-facts">
      <Text component="h2" id="endpoint-facts" fw={600} mb="sm">
        Endpoint
      </Text>
      <Facts>
        <dt>State</dt>
        <dd>
          <EndpointSwitch endpoint={endpoint} />
        </dd>
        <dt>{RESOLVED.label}</dt>
        <dd>
          <ResolvedSwitch endpoint={endpoint} />
        </dd>
        <dt>Type</dt>
        <dd>
          <TypeLabel type={endpoint.type} />
        </dd>
        <dt>{targets.length > 1 ? "Addresses" : endpoint.type === "email" ? "Address" : "URL"}</dt>
        <dd>
          {targets.map((target) => (
            <CopiedText key={target} text={target} />
          ))}
        </dd>
        <dt>Rule</dt>
        <dd>
          <RuleLink endpoint={endpoint} />
        </dd>
        <dt>Client</dt>
        <dd>
          <HostileText text={endpoint.client_id} />
        </dd>
        {endpoint.type === "webhook" && (
          <>
            <dt>{FORMAT_LABEL}</dt>
            <dd>{FORMATS[endpoint.format].label}</dd>
            <dt>Headers</dt>
            <dd>
              <HeaderFacts headers={endpoint.headers} />
            </dd>
            <dt>Secret</dt>
            <dd>
              <Text span size="sm" c="dimmed">
                stored, cannot be read back
              </Text>
            </dd>
          </>
        )}
        <dt>Version</dt>
        <dd className="tabular">
          {endpoint.version}, <TimeAgo at={endpoint.updated_at} />
        </dd>
        <dt>Id</dt>
        <dd>
          <CopiedText text={endpoint.endpoint_id} label="Copy the id of the endpoint" />
        </dd>
      </Facts>
    </Paper>
  );
}
