import { Button, Select } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";

import classes from "./Filters.module.css";
import { useFilter } from "./useFilter";

/** The filters of a list, and a button that takes them all back. */
export function Filters({
  label,
  names,
  children,
}: {
  label: string;
  names: readonly string[];
  children: ReactNode;
}) {
  const [parameters, setParameters] = useSearchParams();
  const isFiltered = names.some((name) => parameters.has(name));
  const clear = () =>
    setParameters((now) => {
      const next = new URLSearchParams(now);
      for (const name of names) next.delete(name);
      return next;
    });
  return (
    <search className={classes.filters} aria-label={label}>
      {children}
      {isFiltered && (
        <div className={classes.end}>
          <Button
            variant="subtle"
            size="compact-sm"
            mih={{ base: 40, sm: 36 }}
            leftSection={<IconFilterOff size={15} aria-hidden />}
            onClick={clear}
          >
            Clear filters
          </Button>
        </div>
      )}
    </search>
  );
}

/** One of a few values. */
export function ChoiceFilter({
  name,
  label,
  data,
}: {
  name: string;
  label: string;
  data: readonly { value: string; label: string }[];
}) {
  const [value, setValue] = useFilter(name);
  return (
    <Select
      label={label}
      placeholder="All"
      clearable
      clearButtonProps={{ "aria-label": `Clear the ${label.toLowerCase()}` }}
      value={data.some((choice) => choice.value === value) ? value : null}
      onChange={setValue}
      data={[...data]}
    />
  );
}
