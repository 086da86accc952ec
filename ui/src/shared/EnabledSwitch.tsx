import { OnOffSwitch } from "./OnOffSwitch";

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
    <OnOffSwitch
      label={`Enabled: ${title}`}
      words={{ on: "Enabled", off: "Disabled" }}
      isOn={isEnabled}
      isBusy={isBusy}
      onChange={onChange}
    />
  );
}
