import { Code, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconKey } from "@tabler/icons-react";

import { type Api, ask } from "@/api/client";
import type { Endpoint, EndpointWithSecret, Rule } from "@/api/types";
import { copyOf } from "@/pages/endpoints/draft";
import { CopyButton } from "@/shared/CopyButton";
import { plainly } from "@/shared/HostileText";

import { draftOf } from "../draft";

/** As many as a rule can have. */
const ENDPOINTS_MAX = 200;

export async function endpointsOf(api: Api, ruleId: string): Promise<Endpoint[]> {
  const params = { path: { rule_id: ruleId }, query: { limit: ENDPOINTS_MAX } };
  return (await ask(api.GET("/api/v1/rules/{rule_id}/endpoints", { params }))).items;
}

/**
 * Creates a deleted rule again, with its endpoints.
 *
 * Both have new ids. A secret is shown only once, so it cannot be put back: webhooks have new ones, which are shown.
 */
export async function restoreRule(api: Api, rule: Rule, endpoints: readonly Endpoint[]): Promise<Rule> {
  const restored = await ask(api.POST("/api/v1/rules", { body: draftOf(rule) }));
  await copyEndpoints(api, restored.rule_id, endpoints);
  return restored;
}

/**
 * Creates endpoints like *endpoints* under a rule, and shows the new secrets of webhooks.
 *
 * @throws Error naming those that could not be made; the others are.
 */
export async function copyEndpoints(api: Api, ruleId: string, endpoints: readonly Endpoint[]): Promise<void> {
  const made: EndpointWithSecret[] = [];
  const failed: string[] = [];
  // One after the other, the oldest first: lists then show them in the same order as before.
  for (const endpoint of [...endpoints].reverse()) {
    try {
      const params = { path: { rule_id: ruleId } };
      const body = copyOf(endpoint);
      made.push(await ask(api.POST("/api/v1/rules/{rule_id}/endpoints", { params, body })));
    } catch (error) {
      failed.push(`${plainly(endpoint.value)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const webhooks = made.filter(({ secret }) => secret !== null);
  if (webhooks.length > 0) showSecrets(webhooks);
  if (failed.length > 0) {
    throw new Error(
      `${failed.length} of ${endpoints.length} endpoints could not be made. ${failed.join("; ")}`,
    );
  }
}

function showSecrets(webhooks: readonly EndpointWithSecret[]): void {
  notifications.show({
    title: webhooks.length === 1 ? "The webhook has a new secret" : "The webhooks have new secrets",
    color: "yellow",
    icon: <IconKey size={16} aria-hidden />,
    // It stays until somebody closes it: the secrets are shown this once.
    autoClose: false,
    closeButtonProps: { "aria-label": "Close: I have stored them" },
    message: (
      <Stack gap={6}>
        <Text size="sm">
          Secrets cannot be read back. Give the new ones to the receivers; they are shown this once.
        </Text>
        {webhooks.map(({ endpoint_id, value, secret }) => (
          <div key={endpoint_id}>
            <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {plainly(value)}
            </Text>
            <Group gap={4} wrap="nowrap">
              <Code style={{ overflowWrap: "anywhere" }}>{secret}</Code>
              <CopyButton value={secret ?? ""} label="Copy the secret" />
            </Group>
          </div>
        ))}
      </Stack>
    ),
  });
}
