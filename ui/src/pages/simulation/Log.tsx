import { Paper, SegmentedControl, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { memo, useState } from "react";

import type { LogLine } from "@/platform/session";
import { plainly } from "@/shared/HostileText";

import classes from "./log.module.css";
import { distinct, useSimulated } from "./use-simulation";
import { clock } from "./words";

const LINES_KEPT = 200;
const LINES_SHOWN = 60;
const CHARS_SHOWN = 300;

/**
 * The platform shows its last hundred lines, most of them everyday; what people did and what broke is kept here a while
 * longer.
 */
const lines = (() => {
  let generation = -1;
  let kept: LogLine[] = [];
  return distinct(({ snapshot }) => {
    if (snapshot.generation !== generation) [generation, kept] = [snapshot.generation, []];
    const last = kept.at(-1)?.n ?? -1;
    const told = snapshot.log.filter((line) => line.tone !== "normal" && line.n > last);
    if (told.length > 0) kept = [...kept, ...told].slice(-LINES_KEPT);
    return { all: snapshot.log, told: kept };
  });
})();

const WORDS: Record<LogLine["tone"], string> = {
  normal: "",
  fault: "Fault",
  broken: "Broken",
  person: "You",
};

/** What happens in the world, newest first. */
export function Log() {
  const { all, told } = useSimulated(lines);
  const [shown, setShown] = useState("all");
  const [sought, setSought] = useState("");
  const wanted = sought.trim().toLowerCase();
  const found = (shown === "all" ? all : told)
    .filter((line) => line.text.toLowerCase().includes(wanted))
    .slice(-LINES_SHOWN)
    .reverse();
  return (
    <Paper p="md" component="section" aria-label="Log of the world">
      <div className={classes.head}>
        <h2>Log</h2>
        <SegmentedControl
          aria-label="Lines"
          size="xs"
          value={shown}
          onChange={setShown}
          data={[
            { value: "all", label: "Everything" },
            { value: "told", label: "Faults and you" },
          ]}
        />
        <TextInput
          aria-label="Search the log"
          placeholder="Search, e.g. aggregator-1"
          size="xs"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={sought}
          onChange={(event) => setSought(event.currentTarget.value)}
        />
      </div>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so that keyboards must get there */}
      <div className={classes.scroll} tabIndex={0} role="group" aria-label="Lines of the log, newest first">
        {found.length === 0 ? (
          <p className={classes.none}>
            {wanted === "" ? "Nothing yet" : `No line holds “${plainly(sought, 40)}”`}
          </p>
        ) : (
          <ol className={classes.lines}>
            {found.map((line) => (
              <Line key={line.n} line={line} />
            ))}
          </ol>
        )}
      </div>
    </Paper>
  );
}

/** A line never changes: of a new snapshot only the new ones are drawn. */
const Line = memo(function Line({ line }: { line: LogLine }) {
  return (
    <li data-tone={line.tone}>
      <span className={classes.at}>{clock(line.at_ms)}</span>
      {line.tone !== "normal" && <b>{WORDS[line.tone]}</b>}
      <bdi>{plainly(line.text.replace(/^you: /, ""), CHARS_SHOWN)}</bdi>
    </li>
  );
}, isSameLine);

/** Each snapshot has its own objects of the same lines. */
function isSameLine(a: { line: LogLine }, b: { line: LogLine }): boolean {
  return a.line.n === b.line.n && a.line.text === b.line.text;
}
