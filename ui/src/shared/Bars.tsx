import type { ReactNode } from "react";

import classes from "./Bars.module.css";

export interface Bar {
  id: string;
  name: ReactNode;
  /** Percent of the width there is; more than 100 is drawn as 100. */
  share: number;
  figure: string;
  /** Which of the colours of charts; the first one unless told. */
  color?: number;
}

/** Shares as bars, each between its name and its figure. */
export function Bars({
  label,
  bars,
  isDense = false,
}: {
  label: string;
  bars: readonly Bar[];
  /** Smaller, and several beside each other where they fit. */
  isDense?: boolean;
}) {
  return (
    <ul className={classes.bars} aria-label={label} data-dense={isDense || undefined}>
      {bars.map(({ id, name, share, figure, color = 1 }) => (
        <li key={id} className={classes.row}>
          {name}
          <span className={classes.track}>
            <span
              className={classes.bar}
              style={{ width: `${Math.min(100, share)}%`, background: `var(--app-chart-${color})` }}
            />
          </span>
          <span className="tabular">{figure}</span>
        </li>
      ))}
    </ul>
  );
}
