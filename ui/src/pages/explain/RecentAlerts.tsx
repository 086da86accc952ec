import { Anchor, Button, Text, TextInput } from "@mantine/core";
import { IconBellRinging, IconFilterOff, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { ask } from "@/api/client";
import { usePages } from "@/api/queries";
import { type Alert, ALERT_STATUSES, SEVERITIES } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { alertKey, explainPath, ownerOf, ownerWords } from "@/shared/alert-identity";
import { SeverityBadge, StatusBadge } from "@/shared/badges";
import { type Column, DataTable } from "@/shared/DataTable";
import { EmptyState } from "@/shared/EmptyState";
import { ChoiceFilter, Filters } from "@/shared/Filters";
import { OneLine, plainly } from "@/shared/HostileText";
import { PageHeader } from "@/shared/PageHeader";
import { SearchFilter } from "@/shared/SearchFilter";
import { TimeAgo } from "@/shared/TimeAgo";
import { boundsOf, useTimeRange } from "@/shared/time-range";
import { TimeRangeFilter } from "@/shared/TimeRangeFilter";
import { useFilter, useIsFiltered } from "@/shared/useFilter";
import { choicesOf } from "@/shared/words";

import classes from "./explain.module.css";

const FILTER_NAMES = ["status", "severity", "source", "name", "range", "since", "until"] as const;
const REFRESH_MS = 10_000;

/** The alerts of late, of which one is chosen. */
export function RecentAlerts() {
  const api = useApi();
  const { clientId } = useScope();
  const [status] = useFilter("status");
  const [severity] = useFilter("severity");
  const [source] = useFilter("source");
  const [name] = useFilter("name");
  const time = useTimeRange();
  const where = {
    status: ALERT_STATUSES.find((value) => value === status),
    severity: SEVERITIES.find((value) => value === severity),
    source: source ?? undefined,
    name: name ?? undefined,
  };
  const alerts = usePages(
    ["alerts", "list", where, time],
    (cursor, signal) => {
      const query = { ...where, ...boundsOf(time), cursor };
      return ask(api.GET("/api/v1/alerts", { params: { query }, signal }));
    },
    { refetchMs: REFRESH_MS },
  );
  return (
    <>
      <PageHeader
        title="Explain"
        description="Why an alert did, or did not, notify a client. Choose an alert: each rule then says whether it matched, or which field differs."
        actions={
          <>
            <PayloadLink />
            <SendLink />
          </>
        }
      />
      <ById />
      <Filters label="Filter alerts" names={FILTER_NAMES}>
        <ChoiceFilter name="status" label="Status" data={choicesOf(ALERT_STATUSES)} />
        <ChoiceFilter name="severity" label="Severity" data={choicesOf(SEVERITIES)} />
        <SearchFilter name="source" label="Source" placeholder="Exact source" />
        <SearchFilter name="name" label="Name" placeholder="Exact name" />
        <TimeRangeFilter />
      </Filters>
      <DataTable
        label="Recent alerts"
        pages={alerts}
        columns={columns(clientId)}
        rowKey={alertKey}
        empty={<Nothing isFiltered={useIsFiltered(FILTER_NAMES)} />}
      />
    </>
  );
}

function SendLink() {
  if (!useCaller().may("alerts:write")) return null;
  return (
    <Button component={Link} to="/explain/send" leftSection={<IconSend size={16} aria-hidden />}>
      Send an alert
    </Button>
  );
}

function PayloadLink() {
  if (!useCaller().may("alerts:write")) return null;
  return (
    <Button component={Link} to="/explain/payload" variant="default">
      Try a payload
    </Button>
  );
}

/** Somebody may come with an id out of a log. */
function ById() {
  const navigate = useNavigate();
  const { clientId } = useScope();
  const [id, setId] = useState("");
  return (
    <form
      className={classes.byId}
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim() !== "") void navigate(explainPath({ alertId: id.trim() }, clientId));
      }}
    >
      <TextInput
        label="Alert id"
        placeholder="Id of an alert, if you have it"
        autoComplete="off"
        spellCheck={false}
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Explain
      </Button>
    </form>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <EmptyState title="No recent alert fits these filters" icon={IconFilterOff}>
      <Text size="sm" c="dimmed" maw={440}>
        Source and name must be exact. Either the alert never reached the platform, or it is older than what
        is kept.
      </Text>
      <Button component={Link} to="/explain" variant="default">
        Show all alerts
      </Button>
    </EmptyState>
  ) : (
    <EmptyState title="No alerts have come in yet" icon={IconBellRinging}>
      <Text size="sm" c="dimmed" maw={440}>
        Send one to see which rules it meets, and what becomes of it.
      </Text>
      <SendLink />
    </EmptyState>
  );
}

function columns(clientId: string | null): Column<Alert>[] {
  return [
    {
      label: "Name",
      onPhone: "title",
      cell: (alert) => (
        <Anchor
          component={Link}
          to={explainPath({ alertId: alert.alert_id, owner: ownerOf(alert) }, clientId)}
          size="sm"
          style={{ display: "block" }}
        >
          <OneLine text={alert.name} mono />
          <span className="visually-hidden">
            , alert {plainly(alert.alert_id)}, {plainly(ownerWords(ownerOf(alert)))}
          </span>
        </Anchor>
      ),
    },
    { label: "Source", cell: (alert) => <OneLine text={alert.source} mono /> },
    {
      label: "Status",
      width: 120,
      onPhone: "whole",
      cell: (alert) => (alert.status === null ? null : <StatusBadge status={alert.status} />),
    },
    {
      label: "Severity",
      width: 104,
      onPhone: "beside",
      cell: (alert) => <SeverityBadge severity={alert.severity} />,
    },
    {
      label: "Owner",
      width: "14%",
      cell: (alert) => <OneLine text={ownerWords(ownerOf(alert))} />,
    },
    {
      label: "Alert id",
      width: "24%",
      onPhone: "left-out",
      cell: (alert) => <OneLine text={alert.alert_id} mono />,
    },
    {
      label: "Received",
      width: 116,
      onPhone: "whole",
      cell: (alert) => <TimeAgo at={alert.received_at} />,
    },
  ];
}
