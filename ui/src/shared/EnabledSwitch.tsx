import { Switch } from "@mantine/core";

import classes from "./EnabledSwitch.module.css";

/** Switches a thing on and off; *title* says which one to those who do not see where it stands. */
export function EnabledSwitch({
  title,
  isEnabled,
  isBusy,
  onChange,
}: {
  title: string;
  isEnabled: boolean;
  isBusy: boolean;
  onChange: (isEnabled: boolean) => void;
}) {
  return (
    <Switch
      size="sm"
      classNames={{ body: classes.body, label: classes.label }}
      label={isEnabled ? "Enabled" : "Disabled"}
      aria-label={`Enabled: ${title}`}
      checked={isEnabled}
      disabled={isBusy}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
