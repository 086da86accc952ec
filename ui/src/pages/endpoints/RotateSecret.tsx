import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useState } from "react";

import { ask, ifMatch } from "@/api/client";
import { ProblemError } from "@/api/problem";
import type { Endpoint } from "@/api/types";
import { useApi } from "@/app/context";
import { ErrorState } from "@/shared/ErrorState";
import { useGuardedChange } from "@/shared/useGuardedChange";

import { EndpointConflict } from "./EndpointConflict";
import { secretProblem } from "./problems";
import { SecretDialog } from "./SecretDialog";
import { SecretField } from "./SecretField";
import { useEndpointsChanged, useReadEndpoint } from "./use-endpoint-changes";

/** Gives a webhook a new secret, and shows it once. */
export function RotateSecret({ endpoint }: { endpoint: Endpoint }) {
  const api = useApi();
  const changed = useEndpointsChanged();
  const [isAsking, setAsking] = useState(false);
  const [own, setOwn] = useState<string | null>(null);
  const [isChecked, setChecked] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const rotate = useGuardedChange(
    (seen: Endpoint, secret: string | null) => {
      const params = { path: { endpoint_id: seen.endpoint_id }, header: ifMatch(seen) };
      const body = secret === null ? {} : { secret };
      return ask(api.POST("/api/v1/endpoints/{endpoint_id}/secret/rotate", { params, body }));
    },
    useReadEndpoint(),
    {
      onSuccess: ({ secret, ...rotated }) => {
        setAsking(false);
        setOwn(null);
        setMade(secret);
        return changed(rotated);
      },
    },
  );
  const problem = secretProblem(own);
  const refused = rotate.error instanceof ProblemError ? rotate.error.at("secret") : undefined;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconKey size={16} stroke={1.6} aria-hidden />}
        onClick={() => setAsking(true)}
      >
        Rotate secret
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title="Rotate the signing secret"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Stack gap="md">
          <Text size="sm">
            A new secret signs from now on. For 24 hours each request carries the signature of the old one as
            well, so that the receiver can change over without a gap.
          </Text>
          <SecretField secret={own} onChange={setOwn} error={(isChecked ? problem : null) ?? refused} />
          {rotate.error !== null && refused === undefined && <ErrorState error={rotate.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => setAsking(false)}>
              Cancel
            </Button>
            <Button
              loading={rotate.isBusy}
              onClick={() => {
                setChecked(true);
                if (problem === null) rotate.start(endpoint, own === null ? null : own.trim());
              }}
            >
              Rotate
            </Button>
          </Group>
        </Stack>
      </Modal>
      <EndpointConflict change={rotate} mine={(theirs) => theirs} insist="Rotate it anyway" />
      {made !== null && (
        <SecretDialog
          secret={made}
          title="The new signing secret"
          note={
            <Text size="sm">
              The old one is still signed with for 24 hours: change the receiver over until then.
            </Text>
          }
          onClose={() => setMade(null)}
        />
      )}
    </>
  );
}
