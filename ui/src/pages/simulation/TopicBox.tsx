import { memo } from "react";

import type { Topic, TopicView } from "@/platform/session";
import { count } from "@/shared/figures";

import classes from "./picture.module.css";
import { distinct, useSimulated } from "./use-simulation";

const select = {
  "alerts.new": of("alerts.new"),
  "alerts.matched": of("alerts.matched"),
  "notifications.ready": of("notifications.ready"),
  "rule.changed": of("rule.changed"),
} satisfies Record<Topic, unknown>;

function of(topic: Topic) {
  return distinct((state) => ({
    topic: state.snapshot.topics.find((each) => each.topic === topic),
    isAway: state.snapshot.kafka.away_ms > 0,
  }));
}

/** A topic with its partitions: how far each is written, and how much of it waits. */
export const TopicBox = memo(function TopicBox({ topic, from }: { topic: Topic; from?: string }) {
  const { topic: view, isAway } = useSimulated(select[topic]);
  const lag = Math.max(0, ...(view?.groups.map((group) => group.lag) ?? []));
  return (
    <section className={classes.box} data-kind="topic" data-away={isAway || undefined} aria-label={topic}>
      {from !== undefined && (
        <div className={classes.from} data-place="source">
          {from}
        </div>
      )}
      <h3 className={classes.topicName}>{breakable(topic)}</h3>
      <p className={classes.note} data-tone={isAway ? "bad" : lag > 0 ? "warning" : undefined}>
        {isAway ? "Kafka is away" : lag > 0 ? `${count(lag)} waiting` : "nothing waits"}
      </p>
      <ol className={classes.partitions}>
        {view?.partitions.map((each) => (
          <Partition key={each.partition} topic={view} place={each.partition} />
        ))}
      </ol>
      {view !== undefined && view.dead_letters > 0 && (
        <p className={classes.note} data-tone="warning">
          {count(view.dead_letters)} dead {view.dead_letters === 1 ? "letter" : "letters"}
        </p>
      )}
    </section>
  );
});

/** A bar as full as much of the latest records waits; a short one is nearly caught up. */
function Partition({ topic, place }: { topic: TopicView; place: number }) {
  const partition = topic.partitions[place];
  if (partition === undefined) return null;
  const waits = Math.max(
    0,
    ...topic.groups.map((group) => partition.end - (group.committed[place] ?? partition.end)),
  );
  const isDelayed = partition.delayed_ms > 0;
  return (
    <li
      className={classes.partition}
      data-place={`${topic.topic}/${place}`}
      title={`Partition ${place}: ${partition.end} records, ${waits} waiting${isDelayed ? ", held back" : ""}`}
    >
      <span className={classes.number}>{place}</span>
      <span className={classes.track} data-delayed={isDelayed || undefined}>
        {/* Ten records look like a third, a hundred like two thirds, a thousand like all of it. */}
        <span
          className={classes.waits}
          style={{ transform: `scaleX(${Math.min(1, Math.log10(waits + 1) / 3).toFixed(3)})` }}
        />
      </span>
      <span className={classes.offset}>
        <span className="visually-hidden">records </span>
        {count(partition.end)}
        {waits > 0 && <b> {`${count(waits)} waiting`}</b>}
      </span>
    </li>
  );
}

/** Lets a name go on in a second line behind its dot. */
function breakable(topic: Topic) {
  const [first, second] = topic.split(".");
  return (
    <>
      {first}.<wbr />
      {second}
    </>
  );
}
