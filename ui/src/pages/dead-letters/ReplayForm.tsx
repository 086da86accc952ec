import { Button, FileInput, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { type SyntheticEvent, useEffect, useRef, useState } from "react";

import { ProblemError } from "@/api/problem";
import type { DeadLetterDetail } from "@/api/types";
import { ErrorState } from "@/shared/ErrorState";

import { inBytes } from "./bytes";
import classes from "./dead-letters.module.css";
import { RepairFields } from "./RepairFields";
import { base64Of, changesOf, draftOf, ofMessage, pathOf, saidOf, VALUE_BYTES_MAX } from "./repair";

/** Stands for the whole value among the fields that were changed. */
const FILE = "value_base64";

/** How a dead letter is repaired; nothing in it: as it is. */
export interface Repair {
  set?: Record<string, string>;
  value_base64?: string;
}

/** Asks how a dead letter is to be replayed: as it is, with other values of some fields, or with another value as a whole. */
export function ReplayForm({
  letter,
  isBusy,
  error,
  onCancel,
  onReplay,
}: {
  letter: DeadLetterDetail;
  isBusy: boolean;
  error: Error | null;
  onCancel: () => void;
  onReplay: (repair: Repair) => void;
}) {
  const { settable } = letter;
  const [by, setBy] = useState<"fields" | "value">(settable.length > 0 ? "fields" : "value");
  const [draft, setDraft] = useState(() => draftOf(settable));
  const [file, setFile] = useState<File | null>(null);
  const [fileSays, setFileSays] = useState<string | null>(null);
  const [askedBy, setAskedBy] = useState(by);
  const [touched, setTouched] = useState<readonly string[]>([]);
  const [asked, setAsked] = useState<Error | null>(null);
  // What was found is no longer said of a field that was changed since.
  if (error !== asked) {
    setAsked(error);
    setTouched([]);
  }
  const refused = error instanceof ProblemError && by === askedBy ? error.problems : [];
  const found = refused.length > 0 && by === "fields" ? ofMessage(refused) : letter.problems;
  const problems = found.filter(({ path }) => !touched.includes(path.replace(/^(\w+)\[\d+\]$/, "$1")));
  const changes = changesOf(settable, draft);
  const isChanged = by === "fields" ? Object.keys(changes).length > 0 : file !== null;
  const isOtherFile = by === "value" && touched.includes(FILE);
  const isTold = error !== null && by === askedBy && !isOtherFile;
  const ofFile =
    fileSays ?? (file === null ? null : fileProblem(file)) ?? (isOtherFile ? null : saidOfValue(refused));

  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error === null) return;
    const wrong = form.current?.querySelector<HTMLElement>("[aria-invalid=true]");
    if (wrong != null) wrong.focus();
    else form.current?.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" });
  }, [error]);

  const send = async (event: SyntheticEvent) => {
    event.preventDefault();
    setAskedBy(by);
    if (by === "fields" || file === null) {
      if (by === "value" && !letter.is_whole) setFileSays("Choose the file with the whole record");
      else onReplay(isChanged ? { set: changes } : {});
      return;
    }
    if (fileProblem(file) !== null) return;
    try {
      onReplay({ value_base64: await base64Of(file) });
    } catch {
      setFileSays("The file cannot be read");
    }
  };
  const shown = Object.keys(changes).concat(settable.map(({ name }) => name));
  const isAllShown =
    by === "value"
      ? ofFile != null
      : refused.length > 0 &&
        ofMessage(refused).every((each) => shown.some((name) => saidOf(name, [each]) !== undefined));
  return (
    <form
      ref={form}
      className={classes.form}
      aria-label="Replay"
      noValidate
      onSubmit={(event) => void send(event)}
    >
      <Stack gap="md">
        <Text size="sm">{introOf(letter)}</Text>
        {settable.length > 0 && (
          <SegmentedControl
            aria-label="What to change"
            value={by}
            onChange={setBy}
            data={[
              { value: "fields", label: "Fields" },
              { value: "value", label: "The whole value" },
            ]}
          />
        )}
        {by === "fields" ? (
          <RepairFields
            settable={settable}
            draft={draft}
            problems={problems}
            onChange={(changed, name) => {
              setDraft(changed);
              setTouched((before) => [...before, pathOf(name)]);
            }}
          />
        ) : (
          <FileInput
            label="Bytes of the message"
            description={`A file with the whole message as Protocol Buffers write it, at most ${inBytes(VALUE_BYTES_MAX)}.`}
            placeholder="Choose a file"
            required={!letter.is_whole}
            clearable
            clearButtonProps={{ "aria-label": "Choose no file" }}
            leftSection={<IconFileUpload size={16} aria-hidden />}
            value={file}
            error={ofFile}
            onChange={(chosen) => {
              setFileSays(null);
              setFile(chosen);
              setTouched([FILE]);
            }}
          />
        )}
        {isTold && !isAllShown && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs" className={classes.actions}>
          {isTold && isAllShown && (
            <Text size="sm" role="alert" c="var(--mantine-color-error)" flex="1 1 180px">
              It would be refused still, and was left where it is.
            </Text>
          )}
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={isBusy}>
            {isChanged || !letter.is_whole ? "Replay with the changes" : "Replay as it is"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function introOf(letter: DeadLetterDetail): string {
  const done = "It is published to its topic again, and taken out of the dead letters.";
  if (!letter.is_whole)
    return `${done} Only the beginning of the record was kept: give the whole of it, and it can be replayed.`;
  if (letter.problem === null)
    return `${done} What was done before is not done twice. Nothing is wrong with it: change something only if you have to.`;
  return letter.settable.length > 0
    ? `${done} As it is it will most likely become a dead letter again: change what is marked.`
    : `${done} As it is it will most likely become a dead letter again. It is no message of its topic: give the whole value anew.`;
}

function fileProblem(file: File): string | null {
  return file.size <= VALUE_BYTES_MAX
    ? null
    : `Has ${inBytes(file.size)}, at most ${inBytes(VALUE_BYTES_MAX)} are allowed`;
}

function saidOfValue(refused: ProblemError["problems"]): string | null {
  const found = refused.filter(({ path }) => path.startsWith(FILE));
  const told = found.map(({ path, detail }) => `${path.replace(/^value_base64\.?/, "")} ${detail}`.trim());
  return told.length === 0 ? null : told.join("; ");
}
