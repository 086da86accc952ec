import { Button, Group, Paper, Text } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import type { Rule } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { EmptyState } from "@/shared/EmptyState";

import { EndpointTable } from "./EndpointTable";

/** Where one rule tells. */
export function EndpointsOfRule({ rule }: { rule: Rule }) {
  const api = useApi();
  const mayWrite = useCaller().may("rules:write");
  const endpoints = usePages(["endpoints", "of-rule", rule.rule_id], (cursor, signal) => {
    const params = { path: { rule_id: rule.rule_id }, query: { cursor } };
    return ask(api.GET("/api/v1/rules/{rule_id}/endpoints", { params, signal }));
  });
  const add = (
    <Button
      component={Link}
      to={`/endpoints/new?rule=${rule.rule_id}`}
      size="xs"
      variant={endpoints.items.length === 0 ? "filled" : "default"}
      leftSection={<IconPlus size={14} aria-hidden />}
    >
      Add endpoint
    </Button>
  );
  return (
    <Paper component="section" aria-labelledby="endpoints-of-rule">
      <Group justify="space-between" mb="xs">
        <Text component="h2" id="endpoints-of-rule" fw={600}>
          Endpoints
        </Text>
        {mayWrite && endpoints.items.length > 0 && add}
      </Group>
      <EndpointTable
        pages={endpoints}
        ofMany={false}
        empty={
          <EmptyState title="This rule tells nobody yet" icon={IconPlugConnected}>
            <Text size="sm" c="dimmed">
              Without an endpoint its notifications are skipped.
            </Text>
            {mayWrite && add}
          </EmptyState>
        }
      />
    </Paper>
  );
}
