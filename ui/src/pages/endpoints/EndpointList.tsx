import { Button, CloseButton, Group, Select, Text } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";
import { flagOf, useFilter } from "@/shared/useFilter";

import { isType, TYPES } from "./draft";
import classes from "./endpoints.module.css";
import { EndpointTable } from "./EndpointTable";
import { RuleLink } from "./RuleLink";

/** All endpoints, or those that the filters in the address leave. */
export function EndpointList() {
  const api = useApi();
  const caller = useCaller();
  const { clientId } = useScope();
  const [type, setType] = useFilter("type");
  const [enabled, setEnabled] = useFilter("enabled");
  const [rule, setRule] = useFilter("rule");
  const query = {
    client_id: clientId ?? undefined,
    type: isType(type) ? type : undefined,
    enabled: flagOf(enabled),
    rule_id: rule ?? undefined,
  };
  const endpoints = usePages(["endpoints", "list", query], (cursor, signal) =>
    ask(api.GET("/api/v1/endpoints", { params: { query: { ...query, cursor } }, signal })),
  );
  const isFiltered = type !== null || enabled !== null || rule !== null;
  const add = caller.may("rules:write") && (
    <Button
      component={Link}
      to={rule === null ? "/endpoints/new" : `/endpoints/new?rule=${rule}`}
      leftSection={<IconPlus size={16} aria-hidden />}
    >
      New endpoint
    </Button>
  );
  return (
    <>
      <PageHeader
        title="Endpoints"
        description="Where clients want to be told: e-mail, Slack, or a signed webhook. Each belongs to a rule."
        actions={add}
      />
      <search className={classes.filters} aria-label="Filter endpoints">
        <Select
          label="Type"
          placeholder="All"
          clearable
          clearButtonProps={{ "aria-label": "Clear the type" }}
          value={query.type ?? null}
          onChange={setType}
          data={Object.entries(TYPES).map(([value, { label }]) => ({ value, label }))}
        />
        <Select
          label="State"
          placeholder="All"
          clearable
          clearButtonProps={{ "aria-label": "Clear the state" }}
          value={enabled}
          onChange={setEnabled}
          data={[
            { value: "true", label: "Enabled" },
            { value: "false", label: "Disabled" },
          ]}
        />
        {rule !== null && (
          <Group gap={6} wrap="nowrap" mih={36} className={classes.wide}>
            <Text span size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
              of the rule
            </Text>
            <RuleLink endpoint={{ rule_id: rule }} />
            <CloseButton
              size="sm"
              aria-label="Show the endpoints of all rules"
              onClick={() => setRule(null)}
            />
          </Group>
        )}
      </search>
      <EndpointTable
        pages={endpoints}
        ofMany
        withClient={caller.isOperator && clientId === null}
        empty={
          isFiltered ? (
            <EmptyState title="No endpoint fits these filters" icon={IconPlugConnected}>
              <Button component={Link} to="/endpoints" variant="default">
                Show all endpoints
              </Button>
            </EmptyState>
          ) : (
            <EmptyState title="There are no endpoints yet" icon={IconPlugConnected}>
              <Text size="sm" c="dimmed" maw={420}>
                Until a rule has one, its notifications are skipped.
              </Text>
              {add}
            </EmptyState>
          )
        }
      />
    </>
  );
}
