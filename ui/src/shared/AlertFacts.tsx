import { Text } from "@mantine/core";
import { useState } from "react";

import type { Alert } from "@/api/types";

import { ownerWords } from "./alert-identity";
import classes from "./AlertFacts.module.css";
import { SeverityBadge } from "./badges";
import { Facts } from "./Facts";
import { HostileText, OneLine } from "./HostileText";
import { IdText } from "./IdText";
import { LinkedText } from "./LinkedText";
import { ShowAll } from "./ShowAll";
import { TimeAgo } from "./TimeAgo";

const CONTEXT_SHOWN = 8;

/** What an alert says, with its context: for alerts, and for notifications, which carry the same. */
export function AlertFacts({
  alert,
  owner,
}: {
  alert: Pick<Alert, "alert_id" | "severity" | "source" | "name" | "context" | "event_ts"> & {
    received_at?: string;
  };
  /** Whose alert it is; empty: it is shared. */
  owner: string;
}) {
  const [isOpen, setOpen] = useState(false);
  const labels = Object.entries(alert.context);
  const shown = isOpen ? labels : labels.slice(0, CONTEXT_SHOWN);
  return (
    <>
      <Facts>
        <dt>Severity</dt>
        <dd>
          <SeverityBadge severity={alert.severity} />
        </dd>
        <dt>Source</dt>
        <dd>
          <HostileText text={alert.source} mono />
        </dd>
        <dt>Name</dt>
        <dd>
          <HostileText text={alert.name} mono />
        </dd>
        <dt>Happened</dt>
        <dd>
          <TimeAgo at={new Date(alert.event_ts * 1_000).toISOString()} />
          {alert.received_at !== undefined && (
            <Text span size="sm" c="dimmed">
              , received <TimeAgo at={alert.received_at} />
            </Text>
          )}
        </dd>
        <dt>Alert id</dt>
        <dd>
          <IdText id={alert.alert_id} what="alert id" />
        </dd>
        <dt>Owner</dt>
        <dd>
          <OneLine text={ownerWords(owner)} />
        </dd>
      </Facts>
      {labels.length > 0 && (
        <div className={classes.context}>
          <Text size="xs" fw={600} c="dimmed" mb={6}>
            Context
          </Text>
          <Facts label="Context" hasForeignNames>
            {shown.map(([label, value]) => [
              <dt key={`${label}.label`}>
                <HostileText text={label} chars={60} mono c="dimmed" />
              </dt>,
              <dd key={`${label}.value`}>
                <LinkedText text={value} />
              </dd>,
            ])}
          </Facts>
          {labels.length > shown.length && (
            <ShowAll what={`${labels.length} labels`} onShow={() => setOpen(true)} />
          )}
        </div>
      )}
    </>
  );
}
