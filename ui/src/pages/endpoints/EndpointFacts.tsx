import { Paper, Text } from "@mantine/core";

import type { Endpoint } from "@/api/types";
import ruleClasses from "@/pages/rules/rules.module.css";
import { CopyButton } from "@/shared/CopyButton";
import { HostileText } from "@/shared/HostileText";
import { TimeAgo } from "@/shared/TimeAgo";

import { splitAddresses } from "./draft";
import { EndpointSwitch } from "./EndpointSwitch";
import { HeaderFacts } from "./HeaderFacts";
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
      <dl className={ruleClasses.facts}>
        <dt>State</dt>
        <dd>
          <EndpointSwitch endpoint={endpoint} />
        </dd>
        <dt>Type</dt>
        <dd>
          <TypeLabel type={endpoint.type} />
        </dd>
        <dt>{targets.length > 1 ? "Addresses" : endpoint.type === "email" ? "Address" : "URL"}</dt>
        <dd>
          {targets.map((target) => (
            <div key={target} className={ruleClasses.copied}>
              <HostileText text={target} mono />
              <CopyButton value={target} />
            </div>
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
        <dd className={ruleClasses.copied}>
          <HostileText text={endpoint.endpoint_id} mono />
          <CopyButton value={endpoint.endpoint_id} label="Copy the id of the endpoint" />
        </dd>
      </dl>
    </Paper>
  );
}
