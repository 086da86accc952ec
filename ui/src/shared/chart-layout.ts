import { scaleLinear, scaleTime } from "d3-scale";
import { area, line } from "d3-shape";

/** One row of figures over time. */
export interface Series {
  label: string;
  /** As long as the times; null where nothing was measured. */
  values: readonly (number | null)[];
  /** Place in the palette, 1 to 6; the place in the list when left out. Give the same figure the same colour everywhere. */
  color?: 1 | 2 | 3 | 4 | 5 | 6;
}

export interface Layout {
  x: (time: number) => number;
  y: (value: number) => number;
  xTicks: { at: number; label: string }[];
  yTicks: { at: number; value: number }[];
  line: (values: Series["values"]) => string;
  area: (values: Series["values"]) => string;
  /** Width of one bar. */
  bar: number;
  /** Where one of the times is nearest to a place. */
  nearest: (place: number) => number;
}

export const MARGIN = { top: 8, right: 12, bottom: 22, left: 44 };

/** Half the width of a label at the time axis: one that would be cut off at the edge is left out. */
const LABEL_HALF = 28;
const LABEL_GAP = 8;

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const CLOCK_S = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Says when one of the points is, as finely as the distance of the points asks for; of a bar, from when to when. */
export function clockLabel(times: readonly number[], place: number, isBars: boolean): string {
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  const at = times[place] ?? 0;
  const format = step < 60_000 ? CLOCK_S : CLOCK;
  return isBars ? `${format.format(at - step / 2)} – ${format.format(at + step / 2)}` : format.format(at);
}

/** Places figures in a frame of *width* × *height* pixels. Times ascend, at equal distances. */
export function layOut(
  times: readonly number[],
  series: readonly Series[],
  { width, height, isBars }: { width: number; height: number; isBars: boolean },
): Layout {
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? first;
  const step = times.length > 1 ? (last - first) / (times.length - 1) : 60_000;
  const inner = Math.max(1, width - MARGIN.left - MARGIN.right);
  const pad = isBars ? step / 2 : 0;
  const x = scaleTime()
    .domain([first - pad, last + pad])
    .range([MARGIN.left, MARGIN.left + inner]);
  const highest = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const y = scaleLinear()
    .domain([0, highest > 0 ? highest : 1])
    .nice(4)
    .range([height - MARGIN.bottom, MARGIN.top]);
  const isWhole = series.every(({ values }) => values.every((value) => Number.isInteger(value ?? 0)));
  // Nothing is counted in halves.
  const yTicks = y.ticks(4).filter((value) => !isWhole || Number.isInteger(value));
  const xCount = Math.max(2, Math.floor(inner / 90));
  const format = (time: number) => (last - first < xCount * 60_000 ? CLOCK_S : CLOCK).format(time);
  const at = (place: number) => x(times[place] ?? 0);
  return {
    x: (time) => x(time),
    y: (value) => y(value),
    xTicks: x
      .ticks(xCount)
      .map((tick) => ({ at: x(tick), label: format(tick.getTime()) }))
      .filter(({ at }) => at > LABEL_HALF && at < width - LABEL_HALF)
      .filter(apart()),
    yTicks: yTicks.map((value) => ({ at: y(value), value })),
    line: (values) =>
      line<number | null>()
        .defined((value) => value !== null)
        .x((_, place) => at(place))
        .y((value) => y(value ?? 0))(values) ?? "",
    area: (values) =>
      area<number | null>()
        .defined((value) => value !== null)
        .x((_, place) => at(place))
        .y0(y(0))
        .y1((value) => y(value ?? 0))(values) ?? "",
    bar: Math.max(1, (inner / Math.max(1, times.length)) * 0.72),
    nearest: (place) => {
      const time = x.invert(place).getTime();
      return Math.min(times.length - 1, Math.max(0, Math.round((time - first) / step)));
    },
  };
}

/** Leaves out what would run into the label before it, or say the same: a scale gives more ticks than it is asked for. */
function apart(): (tick: { at: number; label: string }) => boolean {
  let last = { at: -Infinity, label: "" };
  return (tick) => {
    if (tick.at - last.at < 2 * LABEL_HALF + LABEL_GAP || tick.label === last.label) return false;
    last = tick;
    return true;
  };
}
