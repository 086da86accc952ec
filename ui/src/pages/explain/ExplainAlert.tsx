import { Button, Paper, Stack, Text } from "@mantine/core";
import { IconFilterPlus, IconQuestionMark, IconSend } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "react-router";

import type { AlertDetail } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { type AlertRef, ownerOf, sendAgainPath } from "@/shared/alert-identity";
import { AlertFacts } from "@/shared/AlertFacts";
import { ClientPicker } from "@/shared/ClientPicker";
import { BackTo } from "@/shared/BackTo";
import { EmptyState } from "@/shared/EmptyState";
import { ErrorState } from "@/shared/ErrorState";
import { OneLine, plainly } from "@/shared/HostileText";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { isGone } from "@/shared/useGuardedChange";

import { alertQuery } from "./alert-query";
import { ExplainClient } from "./ExplainClient";
import classes from "./explain.module.css";
import { Life } from "./Life";

/** An alert that was just sent is listed as soon as the recorder has read it. */
const WAITED_FOR_MS = 500;
const YOUNG_MS = 60_000;
const YOUNG_REFRESH_MS = 1_500;
/** A firing alert is followed until it is over. */
const FIRING_REFRESH_MS = 5_000;
const REFRESH_MS = 15_000;

/** One alert, and for one client what each of its rules made of it. */
export function ExplainAlert({ alertId, owner }: AlertRef) {
  const api = useApi();
  const wasSent = (useLocation().state as { wasSent?: boolean } | null)?.wasSent === true;
  const found = useQuery({
    ...alertQuery(api, { alertId, owner }),
    refetchInterval: ({ state }) => {
      if (state.data === undefined) return wasSent ? WAITED_FOR_MS : false;
      const age = state.dataUpdatedAt - Date.parse(state.data.received_at);
      if (age < YOUNG_MS) return YOUNG_REFRESH_MS;
      return state.data.status === "firing" ? FIRING_REFRESH_MS : REFRESH_MS;
    },
  });
  if (found.data !== undefined) return <Shown alert={found.data} />;
  const isMissing = isGone(found.error);
  return (
    <>
      <PageHeader title="Explain" above={<BackTo to="/explain">Recent alerts</BackTo>} />
      {found.isPending ? (
        <LoadingState rows={8} label="Loading the alert" />
      ) : isMissing && wasSent ? (
        <LoadingState rows={8} label="The alert was taken in and is being recorded" />
      ) : isMissing ? (
        <EmptyState title="There is no such alert" icon={IconQuestionMark}>
          <Text size="sm" c="dimmed" maw={440}>
            <OneLine text={alertId} mono /> never reached the platform, or is older than what is kept.
          </Text>
          <Button component={Link} to="/explain" variant="default">
            Show recent alerts
          </Button>
        </EmptyState>
      ) : (
        <ErrorState error={found.error} onRetry={() => found.refetch()} />
      )}
    </>
  );
}

function Shown({ alert }: { alert: AlertDetail }) {
  const caller = useCaller();
  const scope = useScope();
  const clientId = caller.clientId ?? scope.clientId;
  return (
    <>
      <PageHeader
        title={`Explain ${plainly(alert.name)}`}
        description="Which rules this alert meets, as they are now, and what became of it."
        above={<BackTo to="/explain">Recent alerts</BackTo>}
        actions={<Actions alert={alert} clientId={clientId} />}
      />
      <div className={classes.layout}>
        <Stack gap="md">
          <Paper component="section" aria-label="Alert">
            <Text component="h2" fw={600} mb="sm">
              Alert
            </Text>
            <AlertFacts alert={alert} owner={ownerOf(alert)} life={alert} />
          </Paper>
          {alert.status !== null && <Life alert={alert} />}
        </Stack>
        <Stack gap="md">
          {caller.isOperator && <Choice alert={alert} clientId={clientId} />}
          {clientId !== null && <ExplainClient key={clientId} alert={alert} clientId={clientId} />}
        </Stack>
      </div>
    </>
  );
}

function Actions({ alert, clientId }: { alert: AlertDetail; clientId: string | null }) {
  const caller = useCaller();
  const rule = new URLSearchParams({ severity: alert.severity, source: alert.source, name: alert.name });
  if (clientId !== null) rule.set("client", clientId);
  return (
    <>
      {caller.may("rules:write") && (
        <Button
          component={Link}
          to={`/rules/new?${rule.toString()}`}
          variant="default"
          leftSection={<IconFilterPlus size={16} aria-hidden />}
        >
          Make a rule for it
        </Button>
      )}
      {caller.may("alerts:write") && (
        <Button
          component={Link}
          to={sendAgainPath({ alertId: alert.alert_id, owner: ownerOf(alert) })}
          variant="default"
          leftSection={<IconSend size={16} aria-hidden />}
        >
          Send a copy
        </Button>
      )}
    </>
  );
}

/** Operators say whose rules they mean; those who were notified are at hand. */
function Choice({ alert, clientId }: { alert: AlertDetail; clientId: string | null }) {
  const { choose } = useScope();
  const { notifications } = alert;
  return (
    <Paper component="section" aria-label="Client">
      <ClientPicker
        label="Explain it to the client"
        value={clientId}
        onChange={choose}
        placeholder="Search for a client"
      />
      <Text size="sm" c="dimmed" mt="sm" mb={notifications.length > 0 ? 6 : 0}>
        {notifications.length === 0
          ? "No client was notified of this alert. Choose one to see why."
          : `It notified ${alert.more_notifications ? "more than " : ""}${notifications.length === 1 ? "one client" : `${notifications.length} clients`}:`}
      </Text>
      {notifications.length > 0 && (
        <ul className={classes.clients} aria-label="Clients that were notified">
          {notifications.slice(0, 12).map((notification) => (
            <li key={notification.notification_id}>
              <Button
                size="compact-sm"
                mih={{ base: 40, sm: 32 }}
                variant={notification.client_id === clientId ? "light" : "default"}
                aria-pressed={notification.client_id === clientId}
                onClick={() => choose(notification.client_id)}
              >
                {plainly(notification.client_id, 40)}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Paper>
  );
}
