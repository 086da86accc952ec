import { CopyButton } from "./CopyButton";
import { OneLine } from "./HostileText";
import classes from "./IdText.module.css";

/** An id, and a button that copies it. */
export function IdText({ id, what }: { id: string; /** E.g. "alert id". */ what: string }) {
  return (
    <span className={classes.id}>
      <OneLine text={id} mono />
      <CopyButton value={id} label={`Copy the ${what}`} />
    </span>
  );
}
