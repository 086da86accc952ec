import { Group, Text } from "@mantine/core";

import type { Endpoint } from "@/api/types";
import { useCaller } from "@/app/caller";
import { StatusBadge } from "@/shared/badges";
import { EnabledSwitch } from "@/shared/EnabledSwitch";

import { endpointTitle } from "./draft";
import { EndpointConflict } from "./EndpointConflict";
import { useSwitchEndpoint } from "./use-endpoint-changes";

/** Shows whether an endpoint is in effect, and why not, and switches it. */
export function EndpointSwitch({ endpoint }: { endpoint: Endpoint }) {
  const caller = useCaller();
  const change = useSwitchEndpoint();
  const why = endpoint.disabled_reason === "gone" && (
    <Text span size="xs" c="dimmed">
      it answered 410 Gone
    </Text>
  );
  if (!caller.may("rules:write")) {
    return (
      <Group gap={6} component="span">
        <StatusBadge status={endpoint.enabled ? "enabled" : "disabled"} />
        {why}
      </Group>
    );
  }
  return (
    <>
      <EnabledSwitch
        title={endpointTitle(endpoint)}
        isEnabled={endpoint.enabled}
        isBusy={change.isBusy}
        onChange={(isEnabled) => change.start(endpoint, { enabled: isEnabled })}
      />
      {why}
      <EndpointConflict
        change={change}
        mine={(theirs, asked) => ({ ...theirs, ...asked })}
        insist={change.conflict?.asked.enabled === true ? "Enable it anyway" : "Disable it anyway"}
      />
    </>
  );
}
