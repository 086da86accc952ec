import { Anchor, Button, Group, Text } from "@mantine/core";
import { IconFilter, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import type { Rule } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { SeverityBadge } from "@/shared/badges";
import { type Column, DataTable } from "@/shared/DataTable";
import { Described } from "@/shared/Described";
import { EmptyState } from "@/shared/EmptyState";
import { ChoiceFilter, EnabledFilter, Filters } from "@/shared/Filters";
import { OneLine } from "@/shared/HostileText";
import { PageHeader } from "@/shared/PageHeader";
import { SearchFilter } from "@/shared/SearchFilter";
import { TimeAgo } from "@/shared/TimeAgo";
import { flagOf, useFilter, useIsFiltered } from "@/shared/useFilter";

import { catchesMore, caughtBy, isSeverity, RULE_SEVERITIES, ruleTitle } from "./draft";
import { PatternText } from "./Pattern";
import { RuleMenu } from "./RuleMenu";
import { RuleSwitch } from "./RuleSwitch";

const FILTER_NAMES = ["text", "severity", "enabled"] as const;
const SEVERITY_CHOICES = RULE_SEVERITIES.map(({ value, label }) => ({
  value,
  label: value === "*" ? "Any (*)" : label,
}));

/** All rules, or those that the filters in the address leave. */
export function RuleList() {
  const api = useApi();
  const caller = useCaller();
  const { clientId } = useScope();
  const [severity] = useFilter("severity");
  const [enabled] = useFilter("enabled");
  const [text] = useFilter("text");
  const isFiltered = useIsFiltered(FILTER_NAMES);
  const query = {
    client_id: clientId ?? undefined,
    severity: isSeverity(severity) ? severity : undefined,
    enabled: flagOf(enabled),
    text: text ?? undefined,
  };
  const rules = usePages(["rules", "list", query], (cursor, signal) =>
    ask(api.GET("/api/v1/rules", { params: { query: { ...query, cursor } }, signal })),
  );
  const mayWrite = caller.may("rules:write");
  return (
    <>
      <PageHeader
        title="Rules"
        description="What clients want to be told about: severity, source and name, each of them exact or any."
        actions={mayWrite && <NewRuleButton />}
      />
      <Filters label="Filter rules" names={FILTER_NAMES}>
        <SearchFilter name="text" label="Search" placeholder="In source or name" />
        <ChoiceFilter name="severity" label="Severity" data={SEVERITY_CHOICES} />
        <EnabledFilter />
      </Filters>
      <DataTable
        label="Rules"
        pages={rules}
        columns={columns(caller.isOperator && clientId === null)}
        rowKey={(rule) => rule.rule_id}
        empty={<NoRules isFiltered={isFiltered} mayWrite={mayWrite} />}
      />
    </>
  );
}

function NewRuleButton() {
  return (
    <Button component={Link} to="/rules/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New rule
    </Button>
  );
}

function NoRules({ isFiltered, mayWrite }: { isFiltered: boolean; mayWrite: boolean }) {
  if (isFiltered) {
    return (
      <EmptyState title="No rule fits these filters" icon={IconFilter}>
        <Button component={Link} to="/rules" variant="default">
          Show all rules
        </Button>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="There are no rules yet" icon={IconFilter}>
      <Text size="sm" c="dimmed" maw={420}>
        A rule says which alerts a client is told about. Its endpoints say where.
      </Text>
      <Group>{mayWrite && <NewRuleButton />}</Group>
    </EmptyState>
  );
}

function anyName({ catches }: Rule): string {
  return catchesMore(catches) ? caughtBy(catches) : "any name";
}

function columns(withClient: boolean): Column<Rule>[] {
  return [
    {
      label: "Name",
      onPhone: "title",
      cell: (rule) => (
        <Described by={rule.description}>
          <Anchor
            component={Link}
            to={`/rules/${rule.rule_id}`}
            size="sm"
            // Whole: what is read out holds what is seen.
            aria-label={ruleTitle(rule, 500)}
            display="block"
            miw={0}
          >
            {rule.name_shown === "" ? (
              <PatternText text={rule.name} any={anyName(rule)} />
            ) : (
              <OneLine text={rule.name_shown} />
            )}
          </Anchor>
          {rule.name_shown !== "" && (
            <Text component="div" size="xs" miw={0}>
              <PatternText text={rule.name} any={anyName(rule)} />
            </Text>
          )}
        </Described>
      ),
    },
    { label: "Source", cell: (rule) => <PatternText text={rule.source} any="any source" /> },
    {
      label: "Severity",
      width: 104,
      onPhone: "beside",
      cell: (rule) => <SeverityBadge severity={rule.severity} />,
    },
    ...(withClient
      ? [{ label: "Client", width: "16%", cell: (rule: Rule) => <OneLine text={rule.client_id} /> }]
      : []),
    { label: "State", width: 128, onPhone: "whole", cell: (rule) => <RuleSwitch rule={rule} /> },
    {
      label: "Version",
      onPhone: "left-out",
      width: 76,
      align: "right",
      cell: (rule) => <span className="tabular">{rule.version}</span>,
    },
    {
      label: "Updated",
      width: 116,
      onPhone: "left-out",
      cell: (rule) => <TimeAgo at={rule.updated_at} />,
    },
    {
      label: "Actions",
      hideLabel: true,
      onPhone: "beside",
      width: 56,
      align: "right",
      cell: (rule) => <RuleMenu rule={rule} />,
    },
  ];
}
