import { NumberInput } from "@mantine/core";
import { useState } from "react";

import { type NumberField, fromShown, toShown } from "./settings-fields";

/** One number. It is taken when the field is left, at Enter, and at the arrows; until then it may be half typed. */
export function NumberSetting({
  field,
  value,
  range,
  onTake,
}: {
  field: NumberField;
  value: unknown;
  range: readonly [number, number] | undefined;
  onTake: (value: number) => void;
}) {
  const current = toShown(field, value);
  const [typed, setTyped] = useState<{ over: number; text: string | number } | null>(null);
  // What was typed gives way when the setting changed by itself.
  const shown = typed?.over === current ? typed.text : current;
  const [min, max] = range === undefined ? [undefined, undefined] : range.map((edge) => toShown(field, edge));
  const take = () => {
    const number = Number(shown);
    setTyped(null);
    if (shown === "" || !Number.isFinite(number) || number === current) return;
    onTake(fromShown(field, Math.min(max ?? number, Math.max(min ?? number, number))));
  };
  return (
    <NumberInput
      label={field.label}
      size="xs"
      value={shown}
      min={min}
      max={max}
      step={field.step ?? (field.kind === "share" ? 5 : 1)}
      allowDecimal={field.step !== undefined || field.kind === "share"}
      hideControls
      onChange={(text) => setTyped({ over: current, text })}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
      }}
    />
  );
}
