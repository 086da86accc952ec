import { Switch } from "@mantine/core";

import classes from "./OnOffSwitch.module.css";

/** Switches something on and off at once, and says in a word which of both it is. */
export function OnOffSwitch({
  label,
  words,
  isOn,
  isBusy,
  onChange,
}: {
  /** What is switched, and of which thing, for those who do not see where it stands. */
  label: string;
  words: { on: string; off: string };
  isOn: boolean;
  isBusy: boolean;
  onChange: (isOn: boolean) => void;
}) {
  return (
    <Switch
      size="sm"
      classNames={{ body: classes.body, label: classes.label }}
      label={isOn ? words.on : words.off}
      aria-label={label}
      checked={isOn}
      disabled={isBusy}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
