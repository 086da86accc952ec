import { Anchor, Button, Group, Paper, Progress, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { alertKey } from "@/shared/alert-identity";
import { SeverityBadge } from "@/shared/badges";
import { ErrorState } from "@/shared/ErrorState";
import { OneLine } from "@/shared/HostileText";
import { LoadingState } from "@/shared/LoadingState";
import { TimeAgo } from "@/shared/TimeAgo";
import { WarningNote } from "@/shared/WarningNote";

import { ALL_ANY, catchesMore, isAllAny, isComplete, type Pattern } from "./draft";
import classes from "./rules.module.css";

const WAIT_MS = 300;
const SHOWN_AT_FIRST = 8;

/** What a rule, or the draft of one, would have matched among the recent alerts. */
export function Preview({ pattern, title = "Preview" }: { pattern: Pattern; title?: string }) {
  const caller = useCaller();
  const { severity, source, name, catches } = pattern;
  const [settled] = useDebouncedValue(JSON.stringify({ severity, source, name, catches }), WAIT_MS);
  return (
    <Paper component="section" aria-labelledby="preview-title">
      <Text component="h2" id="preview-title" fw={600} mb="xs">
        {title}
      </Text>
      {catchesMore(catches) && !caller.isOperator ? (
        <Text size="sm" c="dimmed">
          What an operator&apos;s rule would have caught is shown to operators.
        </Text>
      ) : isAllAny(pattern) ? (
        <Text size="sm">{ALL_ANY}</Text>
      ) : isComplete(pattern) ? (
        <Found pattern={JSON.parse(settled) as Pattern} />
      ) : (
        <Text size="sm" c="dimmed">
          Fill in source and name to see which of the recent alerts the rule would have matched. Nothing is
          stored or sent.
        </Text>
      )}
    </Paper>
  );
}

function Found({ pattern }: { pattern: Pattern }) {
  const api = useApi();
  const [isOpen, setOpen] = useState(false);
  const preview = useQuery({
    queryKey: ["alerts", "preview", pattern],
    queryFn: ({ signal }) =>
      ask(
        api.POST("/api/v1/rules/preview", {
          body: { ...pattern, catches: pattern.catches ?? "pattern" },
          signal,
        }),
      ),
    enabled: isComplete(pattern),
    placeholderData: keepPreviousData,
  });
  if (preview.isError) return <ErrorState error={preview.error} onRetry={() => preview.refetch()} />;
  if (preview.isPending) return <LoadingState rows={4} label="Loading the preview" />;
  const { examined, matched, items, warnings } = preview.data;
  const doubts = warnings.map(({ path, detail }) => (
    <WarningNote key={path} title={`The ${path} looks like a pattern`}>
      <Text size="sm">It {detail}.</Text>
    </WarningNote>
  ));
  if (examined === 0)
    return (
      <>
        {doubts}
        <NoAlerts />
      </>
    );
  const shown = isOpen ? items : items.slice(0, SHOWN_AT_FIRST);
  const share = (100 * matched) / examined;
  return (
    <div aria-busy={preview.isFetching}>
      {doubts}
      <Text size="sm" aria-live="polite" mb={6}>
        <Text span fw={600} className="tabular">
          {matched.toLocaleString("en")}
        </Text>{" "}
        of the {examined.toLocaleString("en")} latest alerts {matched === 1 ? "matches" : "match"}
        <Text span c="dimmed">{` (${percent(share)})`}</Text>
      </Text>
      <Progress value={share} size="sm" aria-label="Share of the latest alerts that match" mb="sm" />
      {matched === 0 ? (
        <Text size="sm" c="dimmed">
          The rule would have told nobody of anything lately. That is right for what is rare; otherwise
          compare the spelling with what alerts have.
        </Text>
      ) : (
        <>
          <ul className={classes.found} aria-label="Alerts that match">
            {shown.map((alert) => (
              <li key={alertKey(alert)}>
                <SeverityBadge severity={alert.severity} />
                <span style={{ minWidth: 0 }}>
                  <OneLine text={alert.name} mono />
                  <Text size="xs" c="dimmed" component="div" truncate>
                    <OneLine text={alert.source} mono />
                  </Text>
                </span>
                <Text span size="xs" c="dimmed">
                  <TimeAgo at={alert.received_at} />
                </Text>
              </li>
            ))}
          </ul>
          <Group justify="space-between" mt={6}>
            <Text size="xs" c="dimmed">
              {matched > items.length ? `The newest ${items.length} are listed` : ""}
            </Text>
            {items.length > SHOWN_AT_FIRST && (
              <Button
                size="compact-sm"
                variant="subtle"
                onClick={() => setOpen(!isOpen)}
                aria-expanded={isOpen}
              >
                {isOpen ? "Show fewer" : `Show all ${items.length}`}
              </Button>
            )}
          </Group>
        </>
      )}
    </div>
  );
}

function percent(share: number): string {
  if (share === 0 || share >= 10) return `${Math.round(share)} %`;
  return share < 0.1 ? "under 0.1 %" : `${share.toFixed(1)} %`;
}

function NoAlerts() {
  const caller = useCaller();
  return (
    <Text size="sm" c="dimmed">
      No alerts have come in yet, so there is nothing to compare with.
      {caller.isOperator && (
        <>
          {" "}
          <Anchor component={Link} to="/generator" size="sm">
            Generate some
          </Anchor>
        </>
      )}
    </Text>
  );
}
