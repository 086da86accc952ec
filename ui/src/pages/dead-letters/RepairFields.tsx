import { Button, NativeSelect, Stack, Textarea, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";

import type { ProblemItem } from "@/api/problem";
import { SEVERITIES } from "@/api/types";
import { plainly } from "@/shared/HostileText";
import { RemoveRow } from "@/shared/RemoveRow";

import classes from "./dead-letters.module.css";
import { labelsOf, type RepairDraft, saidOf, type Settable } from "./repair";

/** From here on a value is easier to read over several lines. */
const LINE_CHARS = 70;
const NAME_CHARS = 80;
/** Of a value that is not known whole. */
const BEGINNING_CHARS = 60;

/** The fields of a message, to be given other values; those that are wrong say why. */
export function RepairFields({
  settable,
  draft,
  problems,
  onChange,
}: {
  settable: readonly Settable[];
  draft: RepairDraft;
  /** By the fields of the message. */
  problems: readonly ProblemItem[];
  /** Also names the field that is another one now. */
  onChange: (draft: RepairDraft, name: string) => void;
}) {
  const labels = labelsOf(settable);
  const firstWrong = settable.find(({ name }) => saidOf(name, problems) !== undefined);
  return (
    <Stack gap="sm">
      {settable
        .filter(({ kind }) => kind !== "labels")
        .map((field) => (
          <RepairField
            key={field.name}
            field={field}
            text={draft.values[field.name] ?? ""}
            says={saidOf(field.name, problems)}
            isFirst={field === (firstWrong ?? settable[0])}
            onChange={(text) =>
              onChange({ ...draft, values: { ...draft.values, [field.name]: text } }, field.name)
            }
          />
        ))}
      {labels !== null && (
        <AddedLabels labels={labels} draft={draft} problems={problems} onChange={onChange} />
      )}
    </Stack>
  );
}

function RepairField({
  field,
  text,
  says,
  isFirst,
  onChange,
}: {
  field: Settable;
  text: string;
  says: string | undefined;
  isFirst: boolean;
  onChange: (text: string) => void;
}) {
  const common = {
    label: <bdi className={classes.name}>{plainly(field.name, NAME_CHARS)}</bdi>,
    description: descriptionOf(field),
    error: says,
    value: text,
    "data-autofocus": isFirst || undefined,
  };
  if (field.kind === "severity") {
    const named: readonly string[] = SEVERITIES;
    const other = named.includes(field.value) ? [] : [field.value];
    return (
      <NativeSelect
        {...common}
        data={[...other, ...named].map((value) => ({ value, label: value === "" ? "None" : value }))}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  const written = { ...common, autoComplete: "off", spellCheck: false, dir: "auto" };
  // A field of one line would lose the ends of lines as soon as something is typed.
  if (/[\n\r]/.test(field.value) || field.value.length > LINE_CHARS) {
    return (
      <Textarea
        {...written}
        rows={3}
        resize="vertical"
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <TextInput
      {...written}
      inputMode={field.kind === "number" ? "numeric" : "text"}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function descriptionOf({ kind, value, is_cut }: Settable): string | undefined {
  if (is_cut)
    return `Too long to be changed in part: ${plainly(value, BEGINNING_CHARS)} What you type replaces all of it.`;
  if (plainly(value, Infinity) !== value)
    return `Holds characters that are not seen below: ${plainly(value, BEGINNING_CHARS)}`;
  return kind === "texts" ? "Ids, with commas between." : undefined;
}

function AddedLabels({
  labels,
  draft,
  problems,
  onChange,
}: {
  labels: string;
  draft: RepairDraft;
  problems: readonly ProblemItem[];
  onChange: (draft: RepairDraft, name: string) => void;
}) {
  const set = (added: RepairDraft["added"], label = "") =>
    onChange({ ...draft, added }, `${labels}.${label}`);
  const add = () => {
    const key = 1 + Math.max(-1, ...draft.added.map((row) => row.key));
    set([...draft.added, { key, label: "", value: "" }]);
  };
  return (
    <>
      {draft.added.map((row, place) => {
        const change = (part: { label?: string; value?: string }) =>
          set(
            draft.added.map((other) => (other.key === row.key ? { ...other, ...part } : other)),
            row.label.trim(),
          );
        return (
          <div key={row.key} className={classes.added}>
            <TextInput
              aria-label={`New label ${place + 1}`}
              placeholder="Label"
              autoComplete="off"
              spellCheck={false}
              value={row.label}
              error={row.label.trim() === "" ? undefined : saidOf(`${labels}.${row.label.trim()}`, problems)}
              onChange={(event) => change({ label: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`Value of new label ${place + 1}`}
              placeholder="Value"
              autoComplete="off"
              spellCheck={false}
              value={row.value}
              onChange={(event) => change({ value: event.currentTarget.value })}
            />
            <RemoveRow
              what={`new label ${place + 1}`}
              onRemove={() => set(draft.added.filter((other) => other.key !== row.key))}
            />
          </div>
        );
      })}
      <Button
        variant="default"
        size="compact-sm"
        mih={{ base: 40, sm: 36 }}
        style={{ alignSelf: "flex-start" }}
        leftSection={<IconPlus size={15} aria-hidden />}
        onClick={add}
      >
        Add a label
      </Button>
    </>
  );
}
