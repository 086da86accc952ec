import { OneLine } from "@/shared/HostileText";

import { ANY } from "./draft";
import classes from "./rules.module.css";

/** The source or name of a rule in a table; any is said in words, since `*` is easily overlooked. */
export function PatternText({ text, any }: { text: string; any: string }) {
  return text === ANY ? <span className={classes.any}>{any}</span> : <OneLine text={text} mono />;
}
