import { Button, Input, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";

import { RemoveRow } from "@/shared/RemoveRow";

import classes from "../explain.module.css";
import type { LabelDraft } from "./draft";

/** As many as the platform takes. */
const LABELS_MAX = 64;

/** The context of an alert: rows of a label and its value. */
export function ContextFields({
  value,
  onChange,
  problems,
}: {
  value: LabelDraft[];
  onChange: (context: LabelDraft[]) => void;
  problems: Readonly<Record<number, string>>;
}) {
  const change = (place: number, change: Partial<LabelDraft>) =>
    onChange(value.map((label, other) => (other === place ? { ...label, ...change } : label)));
  const add = () => {
    const key = Math.max(-1, ...value.map((label) => label.key)) + 1;
    onChange([...value, { key, label: "", value: "" }]);
  };
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
      <Input.Label component="legend" mb={4}>
        Context
      </Input.Label>
      <div className={classes.labels}>
        {value.map((row, place) => (
          <div key={row.key} className={classes.label}>
            <TextInput
              aria-label={`Label ${place + 1}`}
              placeholder="region"
              value={row.label}
              error={problems[place]}
              onChange={(event) => change(place, { label: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`Value ${place + 1}`}
              placeholder="eu-west-1"
              value={row.value}
              onChange={(event) => change(place, { value: event.currentTarget.value })}
            />
            <RemoveRow
              what={`row ${place + 1}`}
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
          Add a label
        </Button>
      </div>
    </fieldset>
  );
}
