import { Stack, Text } from "@mantine/core";
import { useState } from "react";

import type { Alert } from "@/api/types";

import { ownerWords } from "./alert-identity";
import classes from "./AlertFacts.module.css";
import { SeverityBadge, StatusBadge } from "./badges";
import { Facts } from "./Facts";
import { lasted } from "./figures";
import { HostileText, OneLine } from "./HostileText";
import { IdText } from "./IdText";
import { LinkedText, webAddressOf } from "./LinkedText";
import { ShowAll } from "./ShowAll";
import { TimeAgo } from "./TimeAgo";

const ENTRIES_SHOWN = 8;
/** More than of any other text: it is what is read first. */
const DESCRIPTION_SHOWN_CHARS = 1_000;

/** The name and value of a label or an annotation. */
type Entry = [string, string];

/** What is known of an alert beside what it says; of its life a notification knows no more than what it tells. */
type Life = Pick<Alert, "starts_at" | "ends_at"> & Partial<Pick<Alert, "received_at" | "status">>;

/**
 * What an alert says, in the order in which it is needed: what is wrong, where to look, the rest. For alerts, and for
 * notifications, which carry the same.
 */
export function AlertFacts({
  alert,
  owner,
  life,
}: {
  alert: Pick<Alert, "alert_id" | "severity" | "source" | "name" | "context" | "annotations" | "event_ts">;
  /** Whose alert it is; empty: it is shared. */
  owner: string;
  /** Left out where the alert is an event, of which no more is known. */
  life?: Life | undefined;
}) {
  const { summary, description, ...others } = alert.annotations;
  const isLink = ([, value]: Entry) => webAddressOf(value) !== null;
  const annotations = Object.entries(others);
  return (
    <>
      <Said summary={summary} description={description} />
      <Entries title="Links" entries={annotations.filter(isLink)} isFirst />
      <Facts>
        <Compared alert={alert} />
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
      <Entries title="Labels" entries={Object.entries(alert.context)} />
      <Entries title="Annotations" entries={annotations.filter((each) => !isLink(each))} />
    </>
  );
}

/** What rules compare, among other facts. */
export function Compared({ alert }: { alert: Pick<Alert, "severity" | "source" | "name"> }) {
  return (
    <>
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
    </>
  );
}

/** What is wrong, in the words of the source; nothing when it does not say. */
export function Said({
  summary = "",
  description = "",
}: {
  summary?: string | undefined;
  description?: string | undefined;
}) {
  if (summary.trim() === "" && description.trim() === "") return null;
  return (
    <Stack gap={4} mb="sm">
      {summary.trim() !== "" && <HostileText text={summary} fw={600} size="md" />}
      {description.trim() !== "" && <HostileText text={description} chars={DESCRIPTION_SHOWN_CHARS} />}
    </Stack>
  );
}

/** Labels, annotations or links: a few of many until all are wanted. */
export function Entries({
  title,
  entries,
  isFirst = false,
}: {
  title: string;
  entries: Entry[];
  isFirst?: boolean;
}) {
  const [isOpen, setOpen] = useState(false);
  const shown = isOpen ? entries : entries.slice(0, ENTRIES_SHOWN);
  if (entries.length === 0) return null;
  return (
    <div className={isFirst ? classes.links : classes.context}>
      <Text size="xs" fw={600} c="dimmed" mb={6}>
        {title}
      </Text>
      <Facts label={title} hasForeignNames>
        {shown.map(([name, value]) => [
          <dt key={`${name}.name`}>
            <HostileText text={name} chars={60} mono c="dimmed" />
          </dt>,
          <dd key={`${name}.value`}>
            <LinkedText text={value} />
          </dd>,
        ])}
      </Facts>
      {entries.length > shown.length && (
        <ShowAll what={`${entries.length} ${title.toLowerCase()}`} onShow={() => setOpen(true)} />
      )}
    </div>
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
