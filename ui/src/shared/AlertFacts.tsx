import { Text } from "@mantine/core";
import { useState } from "react";

import type { Alert } from "@/api/types";

import { ownerWords } from "./alert-identity";
import classes from "./AlertFacts.module.css";
import { SeverityBadge, StatusBadge } from "./badges";
import { Facts } from "./Facts";
import { lasted } from "./figures";
import { HostileText, OneLine } from "./HostileText";
import { IdText } from "./IdText";
import { LinkedText } from "./LinkedText";
import { ShowAll } from "./ShowAll";
import { TimeAgo } from "./TimeAgo";

const CONTEXT_SHOWN = 8;

/** What is known of an alert beside what it says; of its life a notification knows no more than what it tells. */
type Life = Pick<Alert, "starts_at" | "ends_at"> & Partial<Pick<Alert, "received_at" | "status">>;

/** What an alert says, with its context: for alerts, and for notifications, which carry the same. */
export function AlertFacts({
  alert,
  owner,
  life,
}: {
  alert: Pick<Alert, "alert_id" | "severity" | "source" | "name" | "context" | "event_ts">;
  /** Whose alert it is; empty: it is shared. */
  owner: string;
  /** Left out where the alert is an event, of which no more is known. */
  life?: Life | undefined;
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
        <When eventTs={alert.event_ts} life={life} />
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

/** When it happened; of an alert with a life, since when it fires, until when it fired, and for how long. */
function When({ eventTs, life }: { eventTs: number; life: Life | undefined }) {
  const received = life?.received_at !== undefined && (
    <Text span size="sm" c="dimmed">
      , received <TimeAgo at={life.received_at} />
    </Text>
  );
  if (life === undefined || life.starts_at === null) {
    return (
      <>
        <dt>Happened</dt>
        <dd>
          <TimeAgo at={new Date(eventTs * 1_000).toISOString()} />
          {received}
        </dd>
      </>
    );
  }
  const { status, starts_at: startsAt, ends_at: endsAt } = life;
  return (
    <>
      {status != null && (
        <>
          <dt>Status</dt>
          <dd>
            <StatusBadge status={status} />
          </dd>
        </>
      )}
      <dt>Since</dt>
      <dd>
        <TimeAgo at={startsAt} />
        {received}
      </dd>
      {endsAt !== null ? (
        <>
          <dt>Until</dt>
          <dd>
            <TimeAgo at={endsAt} />
            <Text span size="sm" c="dimmed">
              , after {lasted(Date.parse(endsAt) - Date.parse(startsAt))}
            </Text>
          </dd>
        </>
      ) : (
        status === "firing" && (
          <>
            <dt>Until</dt>
            <dd>Still firing</dd>
          </>
        )
      )}
    </>
  );
}
