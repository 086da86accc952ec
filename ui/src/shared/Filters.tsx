import { Button, Select } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconFilterOff } from "@tabler/icons-react";
import { type ReactNode, useId, useState } from "react";
import { useSearchParams } from "react-router";

import classes from "./Filters.module.css";
import { useFilter } from "./useFilter";

/** The filters of a list, and a button that takes them all back. On phones they are behind a button of their own. */
export function Filters({
  label,
  names,
  about,
  children,
}: {
  label: string;
  names: readonly string[];
  /** What the list is of, where a link chose that: it is always in sight. */
  about?: ReactNode;
  children: ReactNode;
}) {
  const [parameters, setParameters] = useSearchParams();
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const chosen = names.filter((name) => parameters.has(name)).length;
  const clear = () =>
    setParameters((now) => {
      const next = new URLSearchParams(now);
      for (const name of names) next.delete(name);
      return next;
    });
  return (
    <search className={classes.filters} aria-label={label}>
      {about}
      <Button
        className={classes.opener}
        variant="default"
        hiddenFrom="sm"
        leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        {chosen === 0 ? "Filters" : `Filters (${chosen})`}
      </Button>
      <div className={classes.fields} id={id} data-open={isOpen || undefined}>
        {children}
      </div>
      {chosen > 0 && (
        <Button
          className={classes.clear}
          variant="subtle"
          size="compact-sm"
          leftSection={<IconFilterOff size={15} aria-hidden />}
          onClick={clear}
        >
          Clear filters
        </Button>
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

/** Whether a thing is in effect; `flagOf` reads it. */
export function EnabledFilter() {
  return (
    <ChoiceFilter
      name="enabled"
      label="State"
      data={[
        { value: "true", label: "Enabled" },
        { value: "false", label: "Disabled" },
      ]}
    />
  );
}
