import { Autocomplete, Text } from "@mantine/core";
import type { ReactNode } from "react";

import { OneLine } from "@/shared/HostileText";

import { ANY, textWarning } from "./draft";

const SHOWN = 30;

/** The source or name of a rule: exact, or any; offers what recent alerts had. */
export function PatternField({
  label,
  description,
  value,
  seen,
  error,
  path,
  onChange,
}: {
  label: "Source" | "Name";
  description: string;
  value: string;
  /** What recent alerts had, the most frequent first. */
  seen: readonly string[];
  error: ReactNode;
  /** By which the form finds the field. */
  path: string;
  onChange: (value: string) => void;
}) {
  const warning = textWarning(value, seen);
  return (
    <Autocomplete
      label={label}
      description={description}
      inputWrapperOrder={["label", "input", "description", "error"]}
      placeholder="Exact text, or * for any"
      required
      data-path={path}
      data={[ANY, ...seen.filter((text) => text !== ANY)]}
      limit={SHOWN}
      // A field that is sent to be corrected shows what is wrong with it, not what hides that.
      openOnFocus={false}
      maxDropdownHeight={260}
      comboboxProps={{ shadow: "md" }}
      renderOption={({ option }) =>
        option.value === ANY ? (
          <Text span size="sm">
            * <Text span c="dimmed" size="sm">{`any ${label.toLowerCase()}`}</Text>
          </Text>
        ) : (
          <OneLine text={option.value} mono />
        )
      }
      value={value}
      onChange={onChange}
      error={error}
      autoComplete="off"
      spellCheck={false}
      {...(warning === null
        ? {}
        : {
            description: (
              <Text span size="xs" c="var(--app-chart-3)">
                {warning}
              </Text>
            ),
          })}
    />
  );
}
