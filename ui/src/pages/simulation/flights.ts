import { useEffect, type RefObject } from "react";

import type { HostView, Movement } from "@/backend/session";

import { useControl } from "./use-simulation";

/** Dots that set out at once: more could not be told apart. */
const FLIGHTS_MAX = 16;
/** Dots in the air. */
const AIRBORNE_MAX = 48;
const FLIGHT_MS = 620;
/** Over what time those of one snapshot set out. */
const SPREAD_MS = 180;
/** More than this is shown as a bigger dot. */
const MANY = 20;

/**
 * Lets records fly between partitions and workers, as the browser's compositor draws them: a dot costs this page two
 * positions and nothing afterwards.
 */
export function useFlights(frame: RefObject<HTMLElement | null>): void {
  const control = useControl();
  useEffect(() => {
    let seen = control.state().snapshot.movements.at(-1)?.n ?? 0;
    let arrivals = arrivalsOf(control.state().snapshot.endpoints);
    let airborne = 0;
    const stillness = matchMedia("(prefers-reduced-motion: reduce)");

    const fly = () => {
      const { movements, endpoints } = control.state().snapshot;
      const latest = movements.at(-1)?.n ?? 0;
      if (latest < seen) seen = 0; // Something else was started.
      const fresh = [
        ...movements.filter((each) => each.n > seen && each.kind !== "commit").map(routeOf),
        ...sendsOf(endpoints, arrivals),
      ];
      seen = latest;
      arrivals = arrivalsOf(endpoints);
      const within = frame.current;
      if (within === null || fresh.length === 0 || document.hidden || stillness.matches) return;
      const origin = within.getBoundingClientRect();
      const places = new Map<string, { x: number; y: number } | null>();
      const placeOf = (name: string) => {
        let place = places.get(name);
        if (place === undefined) {
          const box = within.querySelector(`[data-place="${CSS.escape(name)}"]`)?.getBoundingClientRect();
          place = box
            ? {
                x: box.left + box.width / 2 - origin.left,
                y: box.top + Math.min(box.height / 2, 14) - origin.top,
              }
            : null;
          places.set(name, place);
        }
        return place;
      };
      const chosen = spread(fresh, FLIGHTS_MAX);
      // All places are read before any dot is added: the page is laid out once.
      const flights = chosen.flatMap(({ from, to, kind, count }) => {
        const [begin, end] = [placeOf(from), placeOf(to) ?? placeOf("endpoints")];
        return begin == null || end == null ? [] : [{ begin, end, kind, count }];
      });
      flights.slice(0, AIRBORNE_MAX - airborne).forEach(({ begin, end, kind, count }, index) => {
        const dot = document.createElement("span");
        dot.dataset.kind = kind;
        if (count >= MANY) dot.dataset.many = "";
        within.append(dot);
        airborne++;
        const flight = dot.animate(
          [
            { transform: `translate(${begin.x}px, ${begin.y}px)`, opacity: 0 },
            { opacity: 1, offset: 0.15 },
            { opacity: 1, offset: 0.85 },
            { transform: `translate(${end.x}px, ${end.y}px)`, opacity: 0 },
          ],
          {
            duration: FLIGHT_MS,
            delay: (index / flights.length) * SPREAD_MS,
            easing: "ease-in-out",
            fill: "both",
          },
        );
        const landed = () => {
          dot.remove();
          airborne--;
        };
        flight.onfinish = landed;
        flight.oncancel = landed;
      });
    };
    return control.subscribe(fly);
  }, [control, frame]);
}

interface Route {
  from: string;
  to: string;
  kind: Movement["kind"];
  count: number;
}

/** Every so many of a list, so that a crowd still shows all of its kinds. */
function spread(routes: readonly Route[], most: number): readonly Route[] {
  if (routes.length <= most) return routes;
  const step = routes.length / most;
  return Array.from({ length: most }, (_, place) => routes[Math.floor(place * step)]).filter(
    (each) => each !== undefined,
  );
}

function routeOf({ topic, partition, worker, kind, count }: Movement): Route {
  const [from, to] = [`${topic}/${partition}`, worker ?? "source"];
  return kind === "poll" ? { from, to, kind, count } : { from: to, to: from, kind, count };
}

function arrivalsOf(hosts: readonly HostView[]): ReadonlyMap<string, number> {
  return new Map(hosts.map((host) => [host.host, host.arrivals]));
}

/** Messages that arrived at endpoints since; which sender sent each is not told. */
function sendsOf(hosts: readonly HostView[], before: ReadonlyMap<string, number>): Route[] {
  return hosts
    .map((host) => ({ host: host.host, count: host.arrivals - (before.get(host.host) ?? 0) }))
    .filter(({ count }) => count > 0)
    .map(({ host, count }) => ({ from: "workers/sender", to: `host/${host}`, kind: "send" as const, count }));
}
