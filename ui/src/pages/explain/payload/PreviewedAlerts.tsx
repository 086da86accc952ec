import { Alert, Code, List, Paper, Stack, Text } from "@mantine/core";

import type { components } from "@/api/schema";
import { Compared, Entries, Said } from "@/shared/AlertFacts";
import { StatusBadge } from "@/shared/badges";
import { Facts } from "@/shared/Facts";
import { HostileText } from "@/shared/HostileText";
import { TimeAgo } from "@/shared/TimeAgo";

type Previewed = components["schemas"]["SourcePreviewed"];

/** The alerts that would come of a payload, what is wrong with the rest, and what says nothing of alerts. */
export function PreviewedAlerts({ previewed }: { previewed: Previewed }) {
  const { alerts, problems, passed_over: passedOver } = previewed;
  return (
    <Stack gap="md" role="region" aria-label="Alerts of the payload">
      {alerts.length === 0 && <Text size="sm">No alert would come of this payload.</Text>}
      {alerts.map((alert, place) => (
        <PreviewedAlert key={place} alert={alert} />
      ))}
      {problems.length > 0 && (
        <Alert color="orange" variant="light" title="What cannot be read">
          <List size="sm" spacing={2}>
            {problems.map((problem, place) => (
              <List.Item key={place}>
                <Code>{problem.path}</Code> {problem.detail}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {passedOver.map((text, place) => (
        <HostileText key={place} text={`Passed over: ${text}`} />
      ))}
    </Stack>
  );
}

function PreviewedAlert({ alert }: { alert: Previewed["alerts"][number] }) {
  const { summary, description, ...others } = alert.annotations;
  return (
    <Paper component="section" aria-label="Alert">
      <Said summary={summary} description={description} />
      <Facts>
        <Compared alert={alert} />
        <dt>Status</dt>
        <dd>{alert.status === null ? "An event: it has no end" : <StatusBadge status={alert.status} />}</dd>
        {alert.starts_at !== null && (
          <>
            <dt>Since</dt>
            <dd>
              <TimeAgo at={alert.starts_at} />
            </dd>
          </>
        )}
        {alert.ends_at !== null && (
          <>
            <dt>Until</dt>
            <dd>
              <TimeAgo at={alert.ends_at} />
            </dd>
          </>
        )}
      </Facts>
      <Entries title="Labels" entries={Object.entries(alert.context)} />
      <Entries title="Annotations" entries={Object.entries(others)} />
    </Paper>
  );
}
