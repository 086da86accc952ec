import { Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";

import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { BackTo } from "@/shared/BackTo";
import { EmptyState } from "@/shared/EmptyState";
import { ErrorState } from "@/shared/ErrorState";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";

import { alertQuery } from "../alert-query";
import { type AlertDraft, BLANK, labelsOf, severityOf } from "./draft";
import { SendForm } from "./SendForm";

/** Sends one alert, filled with what the address says: fields, or another alert (`from`) of which it is a copy. */
export function SendAlert() {
  const caller = useCaller();
  return (
    <>
      <PageHeader
        title="Send an alert"
        description="As a system that reports would. What becomes of it is shown next, until it has been delivered."
        above={<BackTo to="/explain">Recent alerts</BackTo>}
      />
      {!caller.isOperator && caller.clientId === null ? (
        <LoadingState rows={5} />
      ) : caller.may("alerts:write") ? (
        <Filled />
      ) : (
        <EmptyState title="Your key may not send alerts" icon={IconLock}>
          <Text size="sm" c="dimmed" maw={440}>
            It needs the scope alerts:write. Ask for a key that has it.
          </Text>
        </EmptyState>
      )}
    </>
  );
}

function Filled() {
  const api = useApi();
  const caller = useCaller();
  const [parameters] = useSearchParams();
  const from = parameters.get("from");
  const owner = parameters.get("owner") ?? undefined;
  const original = useQuery({ ...alertQuery(api, { alertId: from ?? "", owner }), enabled: from !== null });
  if (from === null) return <SendForm draft={draftIn(parameters)} />;
  if (original.isPending) return <LoadingState rows={5} label="Loading the alert" />;
  if (original.isError) return <ErrorState error={original.error} onRetry={() => original.refetch()} />;
  const { severity, source, name, context, annotations, client_id: clientId } = original.data;
  return (
    <SendForm
      key={JSON.stringify([from, owner])}
      draft={{
        ...BLANK,
        severity: severityOf(severity) ?? BLANK.severity,
        source,
        name,
        context: labelsOf(context),
        annotations: labelsOf(annotations),
        clientId: caller.isOperator ? clientId : null,
      }}
    />
  );
}

function draftIn(parameters: URLSearchParams): AlertDraft {
  return {
    ...BLANK,
    severity: severityOf(parameters.get("severity")) ?? BLANK.severity,
    source: parameters.get("source") ?? "",
    name: parameters.get("name") ?? "",
  };
}
