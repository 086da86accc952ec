import { Select, TextInput } from "@mantine/core";
import { useState } from "react";

import { LATEST, localInput, useSetTimeRange, useTimeRange } from "./time-range";

const OWN = "own";

/** Chooses the times that are listed: the latest, or from one moment to another. Two more fields appear for the latter. */
export function TimeRangeFilter() {
  const { range, since, until } = useTimeRange();
  const set = useSetTimeRange();
  const [isOwn, setOwn] = useState(since !== null || until !== null);
  const hasOwn = range === null && (isOwn || since !== null || until !== null);
  return (
    <>
      <Select
        label="Time"
        placeholder="All"
        clearable
        clearButtonProps={{ "aria-label": "Clear the time" }}
        value={range ?? (hasOwn ? OWN : null)}
        onChange={(value) => {
          setOwn(value === OWN);
          set(value === OWN ? { since, until } : { range: value });
        }}
        data={[
          ...LATEST.map(({ name, label }) => ({ value: name, label })),
          { value: OWN, label: "From … to …" },
        ]}
      />
      {hasOwn && (
        <>
          <MomentInput label="From" value={since} onChange={(value) => set({ since: value, until })} />
          <MomentInput label="To" value={until} onChange={(value) => set({ since, until: value })} />
        </>
      )}
    </>
  );
}

function MomentInput({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | null;
  onChange: (at: string | null) => void;
}) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={localInput(value)}
      onChange={(event) => {
        const ms = Date.parse(event.currentTarget.value);
        onChange(Number.isNaN(ms) ? null : new Date(ms).toISOString());
      }}
    />
  );
}
