import { Button, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ask } from "@/api/client";
import type { AlertDetail, Explanation } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { ownerOf } from "@/shared/alert-identity";
import { ErrorState } from "@/shared/ErrorState";
import { count } from "@/shared/figures";
import { LoadingState } from "@/shared/LoadingState";

import classes from "./explain.module.css";
import { type ExplainedRule, grouped } from "./findings";
import { Outcome } from "./Outcome";
import { RuleFinding } from "./RuleFinding";

const REFRESH_MS = 15_000;
const LIMIT_FIRST = 50;
/** As many as the platform explains at once. */
const LIMIT_MAX = 200;
const FAR_SHOWN = 5;

/** What the rules of one client made of an alert. */
export function ExplainClient({ alert, clientId }: { alert: AlertDetail; clientId: string }) {
  const api = useApi();
  const caller = useCaller();
  const owner = ownerOf(alert);
  const [limit, setLimit] = useState(LIMIT_FIRST);
  const explained = useQuery({
    queryKey: ["alerts", "explain", alert.alert_id, owner, clientId, limit],
    queryFn: ({ signal }) => {
      const query = { client_id: clientId, owner, limit };
      const path = { alert_id: alert.alert_id };
      return ask(api.GET("/api/v1/alerts/{alert_id}/explain", { params: { path, query }, signal }));
    },
    refetchInterval: REFRESH_MS,
    placeholderData: (previous) => previous,
    enabled: caller.may("rules:read"),
  });
  if (!caller.may("rules:read")) {
    return (
      <Text size="sm" c="dimmed">
        Your key may not read rules, so they cannot be explained. It needs the scope rules:read.
      </Text>
    );
  }
  if (explained.isPending) return <LoadingState rows={6} label="Comparing rules" />;
  if (explained.isError) return <ErrorState error={explained.error} onRetry={() => explained.refetch()} />;
  const { rules, examined } = explained.data;
  return (
    <>
      <Outcome alert={alert} explanation={explained.data} />
      <Findings explanation={explained.data} />
      {rules.length < examined && (
        <Text size="sm" c="dimmed" component="div">
          {`The nearest ${count(rules.length)} of ${count(examined)} rules are shown. `}
          {limit < LIMIT_MAX && (
            <Button
              size="compact-sm"
              mih={{ base: 40, sm: 32 }}
              variant="default"
              onClick={() => setLimit(LIMIT_MAX)}
            >
              Show more
            </Button>
          )}
        </Text>
      )}
    </>
  );
}

function Findings({ explanation }: { explanation: Explanation }) {
  const [isOpen, setOpen] = useState(false);
  const { matched, near, far } = grouped(explanation.rules);
  const shown = isOpen ? far : far.slice(0, FAR_SHOWN);
  return (
    <Stack gap="lg">
      <Group title="Rules that match" rules={matched} alert={explanation.alert} />
      <Group
        title="Near misses"
        says="One thing stood against each of these."
        rules={near}
        alert={explanation.alert}
      />
      <Group title="Other rules" rules={shown} total={far.length} alert={explanation.alert} />
      {shown.length < far.length && (
        <Button variant="default" style={{ alignSelf: "start" }} onClick={() => setOpen(true)}>
          {`Show all ${far.length} other rules`}
        </Button>
      )}
    </Stack>
  );
}

function Group({
  title,
  says,
  rules,
  total = rules.length,
  alert,
}: {
  title: string;
  says?: string;
  rules: readonly ExplainedRule[];
  total?: number;
  alert: Explanation["alert"];
}) {
  if (rules.length === 0) return null;
  return (
    <section aria-label={title}>
      <Text component="h2" fw={600} mb={says === undefined ? "xs" : 0}>
        {title}{" "}
        <Text span c="dimmed" fw={400} className="tabular">
          {count(total)}
        </Text>
      </Text>
      {says !== undefined && (
        <Text size="sm" c="dimmed" mb="xs">
          {says}
        </Text>
      )}
      <ul className={classes.rules}>
        {rules.map((rule) => (
          <RuleFinding key={rule.rule_id} rule={rule} alert={alert} />
        ))}
      </ul>
    </section>
  );
}
