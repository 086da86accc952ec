import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, useMemo, useState } from "react";

import { clockLabel, type Layout, layOut, MARGIN, type Series } from "./chart-layout";
import { measure } from "./figures";
import classes from "./TimeChart.module.css";

export type { Series } from "./chart-layout";

const UNMEASURED_WIDTH = 640;

/**
 * Figures over time. Pointers and arrow keys walk along the points; their values are told in words below.
 */
export function TimeChart({
  label,
  times,
  series,
  kind = "line",
  height = 180,
  format = measure,
}: {
  /** What is shown, for people who do not see it; ends up in a sentence with the latest figures. */
  label: string;
  /** Unix milliseconds, ascending, at equal distances. */
  times: readonly number[];
  /** At most six. */
  series: readonly Series[];
  kind?: "line" | "bars";
  height?: number;
  format?: (value: number) => string;
}) {
  const { ref, width: measured } = useElementSize();
  const width = measured > 0 ? measured : UNMEASURED_WIDTH;
  const isBars = kind === "bars";
  const layout = useMemo(
    () => layOut(times, series, { width, height, isBars }),
    [times, series, width, height, isBars],
  );
  const [walked, setWalked] = useState<number | null>(null);
  const place = walked === null ? null : Math.min(walked, times.length - 1);

  const walk = (event: KeyboardEvent) => {
    const now = place ?? times.length - 1;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: times.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setWalked(Math.min(times.length - 1, Math.max(0, to)));
  };
  const shown = place ?? times.length - 1;
  const told = series.map((each) => `${each.label} ${valueAt(each, shown, format)}`).join(", ");
  return (
    <figure className={classes.figure}>
      <div
        ref={ref}
        className={classes.frame}
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, times.length - 1)}
        aria-valuenow={Math.max(0, shown)}
        aria-valuetext={
          times.length === 0 ? "no figures yet" : `${clockLabel(times, shown, isBars)}: ${told}`
        }
        onKeyDown={walk}
        onBlur={() => setWalked(null)}
        onPointerMove={(event) => {
          setWalked(layout.nearest(event.clientX - event.currentTarget.getBoundingClientRect().left));
        }}
        onPointerLeave={() => setWalked(null)}
      >
        <svg width={width} height={height} aria-hidden focusable="false">
          <Axes layout={layout} width={width} height={height} format={format} />
          {series.map((each, index) =>
            isBars ? (
              <Bars
                key={each.label}
                layout={layout}
                times={times}
                series={each}
                color={colorOf(each, index)}
              />
            ) : (
              <g key={each.label}>
                {series.length === 1 && (
                  <path d={layout.area(each.values)} fill={colorOf(each, index)} fillOpacity={0.12} />
                )}
                <path d={layout.line(each.values)} className={classes.line} stroke={colorOf(each, index)} />
              </g>
            ),
          )}
          {place !== null && times.length > 0 && (
            <line
              className={classes.cursor}
              x1={layout.x(times[place] ?? 0)}
              x2={layout.x(times[place] ?? 0)}
              y1={MARGIN.top}
              y2={height - MARGIN.bottom}
            />
          )}
        </svg>
      </div>
      <figcaption className={classes.legend}>
        <span className={classes.time}>
          {times.length > 0 ? clockLabel(times, shown, isBars) : "No figures yet"}
        </span>
        {series.map((each, index) => (
          <span key={each.label} className={classes.entry}>
            <span className={classes.swatch} style={{ background: colorOf(each, index) }} />
            {each.label}
            <b className="tabular">{valueAt(each, shown, format)}</b>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function colorOf(series: Series, index: number): string {
  return `var(--app-chart-${series.color ?? (index % 6) + 1})`;
}

function valueAt(series: Series, place: number, format: (value: number) => string): string {
  const value = series.values[place];
  return value == null ? "–" : format(value);
}

function Bars({
  layout,
  times,
  series,
  color,
}: {
  layout: Layout;
  times: readonly number[];
  series: Series;
  color: string;
}) {
  return (
    <g fill={color}>
      {times.map((time, place) => {
        const value = series.values[place] ?? 0;
        const top = layout.y(value);
        return (
          <rect
            key={time}
            x={layout.x(time) - layout.bar / 2}
            y={top}
            width={layout.bar}
            height={Math.max(value > 0 ? 1 : 0, layout.y(0) - top)}
            rx={1}
          />
        );
      })}
    </g>
  );
}

function Axes({
  layout,
  width,
  height,
  format,
}: {
  layout: Layout;
  width: number;
  height: number;
  format: (value: number) => string;
}) {
  return (
    <g className={classes.axis}>
      {layout.yTicks.map(({ at, value }) => (
        <g key={value}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={at} y2={at} />
          <text x={MARGIN.left - 8} y={at} dy="0.32em" textAnchor="end">
            {format(value)}
          </text>
        </g>
      ))}
      {layout.xTicks.map(({ at, label }) => (
        <text key={at} x={at} y={height - 6} textAnchor="middle">
          {label}
        </text>
      ))}
    </g>
  );
}
