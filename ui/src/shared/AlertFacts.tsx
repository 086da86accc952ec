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

/** What the platform knows of an alert beside what the alert says. */
type Kept = Pick<Alert, "received_at" | "status" | "starts_at" | "ends_at">;

/** What an alert says, with its context: for alerts, and for notifications, which carry the same. */
export function AlertFacts({
  alert,
  owner,
  kept,
}: {
  alert: Pick<Alert, "alert_id" | "severity" | "source" | "name" | "context" | "event_ts">;
  /** Whose alert it is; empty: it is shared. */
  owner: string;
  /** Of an alert; a notification does not know it. */
  kept?: Kept;
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
        <When eventTs={alert.event_ts} kept={kept} />
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
function When({ eventTs, kept }: { eventTs: number; kept: Kept | undefined }) {
  const received = kept !== undefined && (
    <Text span size="sm" c="dimmed">
      , received <TimeAgo at={kept.received_at} />
    </Text>
  );
  if (kept === undefined || kept.status === null || kept.starts_at === null) {
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
  const { status, starts_at: startsAt, ends_at: endsAt } = kept;
  return (
    <>
      <dt>Status</dt>
      <dd>
        <StatusBadge status={status} />
      </dd>
      <dt>Since</dt>
      <dd>
        <TimeAgo at={startsAt} />
        {received}
      </dd>
      <dt>Until</dt>
      <dd>
        {endsAt === null ? (
          "Still firing"
        ) : (
          <>
            <TimeAgo at={endsAt} />
            <Text span size="sm" c="dimmed">
              , after {lasted(Date.parse(endsAt) - Date.parse(startsAt))}
            </Text>
          </>
        )}
      </dd>
    </>
  );
}
