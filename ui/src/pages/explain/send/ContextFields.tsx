import { Button, Input, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";

import { RemoveRow } from "@/shared/RemoveRow";

import classes from "../explain.module.css";
import type { LabelDraft } from "./draft";

/** As many as the platform takes of each. */
const LABELS_MAX = 64;

/** What the rows of labels, or of annotations, are called. */
interface Words {
  legend: string;
  /** Of one row, with a capital letter. */
  name: string;
  example: readonly [string, string];
}

const LABELS: Words = { legend: "Labels", name: "Label", example: ["region", "eu-west-1"] };
const ANNOTATIONS: Words = {
  legend: "Annotations",
  name: "Annotation",
  example: ["summary", "What is wrong, in a line"],
};

/** The labels or annotations of an alert: rows of a name and a value. */
export function ContextFields({
  of,
  value,
  onChange,
  problems,
}: {
  of: "labels" | "annotations";
  value: LabelDraft[];
  onChange: (rows: LabelDraft[]) => void;
  problems: Readonly<Record<number, string>>;
}) {
  const { legend, name, example } = of === "labels" ? LABELS : ANNOTATIONS;
  const valueName = of === "labels" ? "Value" : "Text";
  const change = (place: number, change: Partial<LabelDraft>) =>
    onChange(value.map((label, other) => (other === place ? { ...label, ...change } : label)));
  const add = () => {
    const key = Math.max(-1, ...value.map((label) => label.key)) + 1;
    onChange([...value, { key, label: "", value: "" }]);
  };
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
      <Input.Label component="legend" mb={4}>
        {legend}
      </Input.Label>
      <div className={classes.labels}>
        {value.map((row, place) => (
          <div key={row.key} className={classes.label}>
            <TextInput
              aria-label={`${name} ${place + 1}`}
              placeholder={example[0]}
              value={row.label}
              error={problems[place]}
              onChange={(event) => change(place, { label: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`${valueName} ${place + 1}`}
              placeholder={example[1]}
              value={row.value}
              onChange={(event) => change(place, { value: event.currentTarget.value })}
            />
            <RemoveRow
              what={`${name.toLowerCase()} ${place + 1}`}
              onRemove={() => onChange(value.filter((_, other) => other !== place))}
            />
          </div>
        ))}
        <Button
          variant="default"
          size="compact-sm"
          mih={{ base: 40, sm: 36 }}
          style={{ justifySelf: "start" }}
          leftSection={<IconPlus size={15} aria-hidden />}
          disabled={value.length >= LABELS_MAX}
          onClick={add}
        >
          {of === "labels" ? "Add a label" : "Add an annotation"}
        </Button>
      </div>
    </fieldset>
  );
}
