import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";

import type { components } from "@/api/schema";
import { usePlatform } from "@/app/context";
import { CopyButton } from "@/shared/CopyButton";

import classes from "../clients.module.css";
import { trialOf } from "./scopes";

/** A key that was just made: the platform keeps a hash of it, and cannot show it again. */
export function ShownOnce({
  made,
  onDone,
}: {
  made: components["schemas"]["NewKeyShown"];
  onDone: () => void;
}) {
  if (made.key === null) return <Unseen onDone={onDone} />;
  return <Seen apiKey={made.key} scopes={made.scopes} onDone={onDone} />;
}

function Seen({
  apiKey,
  scopes,
  onDone,
}: {
  apiKey: string;
  scopes: components["schemas"]["NewKeyShown"]["scopes"];
  onDone: () => void;
}) {
  const isOpening = usePlatform().signIn !== undefined;
  const trial = trialOf(scopes, globalThis.location.origin, apiKey);
  return (
    <Stack gap="md">
      <Alert
        color="yellow"
        classNames={{ title: classes.warning }}
        variant="light"
        icon={<IconAlertTriangle size={18} aria-hidden />}
        title="It is shown this once"
      >
        <Text size="sm">
          Put it where its user keeps secrets. Only a hash of it is stored: a key that got lost is replaced by
          a new one.
        </Text>
      </Alert>
      <div>
        <Text size="sm" fw={500} mb={4} id="the-key">
          Key
        </Text>
        <output className={classes.key} aria-labelledby="the-key">
          <span>{apiKey}</span>
        </output>
        <CopyKey value={apiKey} />
      </div>
      {isOpening ? (
        <div>
          <Group justify="space-between" gap="xs" mb={4}>
            <Text size="sm" fw={500}>
              Try it
            </Text>
            <CopyButton value={trial} label="Copy the commands" />
          </Group>
          <section className={classes.code} aria-label="Commands that try the key">
            <pre>
              <code>{trial}</code>
            </pre>
          </section>
        </div>
      ) : (
        <Text size="sm" c="dimmed">
          The platform of this page lives in this tab, and takes no requests from elsewhere: here a key opens
          nothing.
        </Text>
      )}
      <Group justify="flex-end">
        <Button onClick={onDone}>I have stored it</Button>
      </Group>
    </Stack>
  );
}

function CopyKey({ value }: { value: string }) {
  const [outcome, setOutcome] = useState<"copied" | "failed" | null>(null);
  const copy = () =>
    navigator.clipboard.writeText(value).then(
      () => setOutcome("copied"),
      () => setOutcome("failed"),
    );
  return (
    <Group gap="xs" mt="xs">
      <Button
        variant="default"
        data-autofocus
        leftSection={
          outcome === "copied" ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />
        }
        onClick={copy}
      >
        Copy key
      </Button>
      <Text size="sm" c="dimmed" role="status">
        {outcome === "copied" && "Copied"}
        {outcome === "failed" && "The browser does not allow it: select the key, and copy it by hand"}
      </Text>
    </Group>
  );
}

function Unseen({ onDone }: { onDone: () => void }) {
  return (
    <Stack gap="md">
      <Alert
        color="yellow"
        classNames={{ title: classes.warning }}
        variant="light"
        icon={<IconAlertTriangle size={18} aria-hidden />}
        title="Not shown"
      >
        <Text size="sm">
          The key is made, but the answer that held it got lost on its way, and it is not given out twice.
          Revoke it, and make another.
        </Text>
      </Alert>
      <Group justify="flex-end">
        <Button onClick={onDone}>Close</Button>
      </Group>
    </Stack>
  );
}
