import classes from "./CopiedText.module.css";
import { CopyButton } from "./CopyButton";
import { HostileText } from "./HostileText";

/** A text in full, as long as it may be, and a button that copies it. */
export function CopiedText({ text, label }: { text: string; /** What the button says. */ label?: string }) {
  return (
    <div className={classes.copied}>
      <HostileText text={text} mono />
      <CopyButton value={text} label={label} />
    </div>
  );
}
