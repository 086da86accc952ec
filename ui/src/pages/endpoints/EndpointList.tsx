import { Button, CloseButton, Group, Text } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { EmptyState } from "@/shared/EmptyState";
import { ChoiceFilter, EnabledFilter, Filters } from "@/shared/Filters";
import { PageHeader } from "@/shared/PageHeader";
import { flagOf, useFilter, useIsFiltered } from "@/shared/useFilter";

import { isType, TYPES } from "./draft";
import { EndpointTable } from "./EndpointTable";
import { RuleLink } from "./RuleLink";

const FILTER_NAMES = ["type", "enabled", "rule"] as const;
const TYPE_CHOICES = Object.entries(TYPES).map(([value, { label }]) => ({ value, label }));

/** All endpoints, or those that the filters in the address leave. */
export function EndpointList() {
  const api = useApi();
  const caller = useCaller();
  const { clientId } = useScope();
  const [type] = useFilter("type");
  const [enabled] = useFilter("enabled");
  const [rule] = useFilter("rule");
  const isFiltered = useIsFiltered(FILTER_NAMES);
  const query = {
    client_id: clientId ?? undefined,
    type: isType(type) ? type : undefined,
    enabled: flagOf(enabled),
    rule_id: rule ?? undefined,
  };
  const endpoints = usePages(["endpoints", "list", query], (cursor, signal) =>
    ask(api.GET("/api/v1/endpoints", { params: { query: { ...query, cursor } }, signal })),
  );
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
      <Filters label="Filter endpoints" names={FILTER_NAMES} about={<OfRule />}>
        <ChoiceFilter name="type" label="Type" data={TYPE_CHOICES} />
        <EnabledFilter />
      </Filters>
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

/** Says of which rule the list is, where a link brought somebody to one rule's endpoints, and takes that back. */
function OfRule() {
  const [rule, setRule] = useFilter("rule");
  if (rule === null) return null;
  return (
    <Group gap={6} wrap="nowrap" w="100%" role="group" aria-label="Rule">
      <Text span size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
        Of the rule
      </Text>
      <RuleLink endpoint={{ rule_id: rule }} />
      <CloseButton size="md" aria-label="Show the endpoints of all rules" onClick={() => setRule(null)} />
    </Group>
  );
}
