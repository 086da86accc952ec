import { Text } from "@mantine/core";

import type { Endpoint } from "@/api/types";
import { useCaller } from "@/app/caller";
import { OnOffSwitch } from "@/shared/OnOffSwitch";

import { endpointTitle, RESOLVED } from "./draft";
import { EndpointConflict } from "./EndpointConflict";
import { useSwitchEndpoint } from "./use-endpoint-changes";

/** Shows whether an endpoint is told when an alert is resolved, and switches it. */
export function ResolvedSwitch({ endpoint }: { endpoint: Endpoint }) {
  const caller = useCaller();
  const change = useSwitchEndpoint();
  const { words } = RESOLVED;
  return (
    <>
      {caller.may("rules:write") ? (
        <OnOffSwitch
          label={`${RESOLVED.label}: ${endpointTitle(endpoint)}`}
          words={words}
          isOn={endpoint.send_resolved}
          isBusy={change.isBusy}
          onChange={(isOn) => change.start(endpoint, { send_resolved: isOn })}
        />
      ) : (
        words[endpoint.send_resolved ? "on" : "off"]
      )}
      <Text size="xs" c="dimmed">
        {RESOLVED.says}
      </Text>
      <EndpointConflict
        change={change}
        mine={(theirs, asked) => ({ ...theirs, ...asked })}
        insist="Switch it anyway"
      />
    </>
  );
}
