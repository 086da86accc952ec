import { line } from "d3-shape";

import classes from "./overview.module.css";

const WIDTH = 120;
const HEIGHT = 28;

/** A line without axes: whether it goes up or down. The figure beside it is what counts. */
export function Spark({ values }: { values: readonly number[] }) {
  const highest = Math.max(1, ...values);
  const path =
    line<number>()
      .x((_, place) => (place / Math.max(1, values.length - 1)) * WIDTH)
      .y((value) => HEIGHT - 1 - (value / highest) * (HEIGHT - 3))(values) ?? "";
  return (
    <svg
      className={classes.spark}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden
      focusable="false"
    >
      <path d={path} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
