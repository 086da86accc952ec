import { Code } from "@mantine/core";

import { CopyButton } from "./CopyButton";
import { HostileText } from "./HostileText";
import classes from "./JsonView.module.css";

const SHOWN_CHARS = 4_000;

/** JSON, indented, to be read and copied. */
export function JsonView({ value, label = "JSON" }: { value: unknown; label?: string }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <div className={classes.frame}>
      <Code block className={classes.code} aria-label={label} tabIndex={0} role="region">
        <HostileText text={text} chars={SHOWN_CHARS} mono />
      </Code>
      <div className={classes.copy}>
        <CopyButton value={text} label={`Copy ${label}`} />
      </div>
    </div>
  );
}
