// What the functions of playground/bridge/alerting_playground/main.py take and return, as JSON.
// Every function takes and returns a JSON *string*. A call either returns its value or `SessionError`:
// check `"error" in value` first. All times called `*_ms` without "wall" are VIRTUAL milliseconds since the start.
//
//   start(text)    text = "" (default scenario), a Scenario as JSON, or what share() returned  -> Started | SessionError
//   advance(json)  a number of virtual ms as text, e.g. "20"                                    -> Advanced | SessionError
//   step()         to the next thing that happens                                               -> Advanced | SessionError
//   snapshot()                                                                                  -> Snapshot | SessionError
//   request(json)  ApiRequest -> the HTTP API's answer, at once; virtual time does not pass     -> ApiAnswer | SessionError
//   act(json)      Action                                                                       -> Acted | SessionError
//   share()                                                                                     -> Shared | SessionError
//   checked(text)  a shared text or a Scenario as JSON: what is wrong with it, without starting -> Scenario | SessionError
//   defaults()                                                                                  -> Defaults
//   conformance()                                                                               -> Conformance
//
// Advance in slices: call advance("5") in a loop until your time budget (~30 ms) is used. However time is cut into slices,
// the run is the same. At 10,000 alerts/s one virtual ms holds 10 alerts.

import type { components } from "@/api/schema";

type Schemas = components["schemas"];

export interface SessionError {
  error: {
    code: "bad-scenario" | "bad-action" | "bad-request" | "not-started" | "too-many" | "bug";
    detail: string;
    problems?: Problem[];
  };
}
/** The same shape as the API's problems: `path` is e.g. "settings.alerts_per_s". */
export interface Problem {
  path: string;
  code: string;
  detail: string;
}

// ---------------------------------------------------------------- scenario
export interface Scenario {
  version: 1;
  seed: number; // 0 .. 2^53-1
  settings: Settings;
  catalog: CatalogClient[]; // the user's own clients with rules and endpoints, there from the beginning
  script: Intervention[]; // ascending at_ms; at most limits.script_max
}
export interface Settings {
  // fixed for a run (changing them means start() with a changed scenario):
  partitions: number; // 1..12
  clients: number; // 0..200 made-up clients
  rules_per_client: number; // 1..20
  fan_out: number; // 0..20: made-up clients that an alert matches on average
  wildcard_share: number; // 0..1 of the made-up rules have a wildcard
  targets_per_client: number; // 1..5 endpoints per made-up client
  duration_ms: number | null; // alerts come until then; null = endless
  rule_distribution: boolean; // through rule.changed and the Redis snapshot (true) or straight from Postgres
  // may be set while it runs:
  recorders: number;
  evaluators: number;
  aggregators: number;
  senders: number;
  rule_updaters: number; // 1..4 each
  alerts_per_s: number; // 0..20000
  severity_dist: string;
  source_dist: string;
  name_dist: string; // "HIGH:30,MEDIUM:30,…", weights sum to 100
  poison_per_minute: number; // 0..600
  endpoint_ms: number; // 0..20000 mean latency of endpoints
  endpoint_errors: number; // 0..1 share answered 500
  endpoint_limits: number; // 0..1 share answered 429 with Retry-After
  endpoint_slow: number; // 0..1 share that takes almost, or more than, the 15 s time-out
  commit_first: boolean; // the guarantee switched off: offsets are committed before the work is done
}
export interface CatalogClient {
  client_id: string;
  name: string;
  rules: CatalogRule[];
}
/** As the API takes them, of a client and of a rule that stand around them. */
export type CatalogRule = Omit<Schemas["NewRule"], "client_id"> & { endpoints: CatalogEndpoint[] };
export type CatalogEndpoint = Schemas["NewEndpoint"];
export type Intervention = { at_ms: number } & Action;

export type Action =
  | { do: "set"; settings: Partial<Settings> } // only those that may be set while it runs
  | { do: "kill"; worker: string; when: KillPoint; restart_ms: number | null } // null = stays dead until "restart"
  | { do: "restart"; worker: string } // starts a dead one, restarts a live one (kill -9)
  | { do: "pause"; worker: string; for_ms: number } // the machine stands still; the group may miss it
  | { do: "duplicate"; topic: Topic; records: number } // the last n records once more, as a producer that retried
  | { do: "delay"; topic: Topic; partition: number | null; for_ms: number } // not seen by consumers for a while; null = all
  | { do: "outage"; of: "kafka" | "redis" | "postgres"; for_ms: number } // 0 ends it
  | { do: "flush-redis" } // FLUSHALL
  | { do: "endpoint"; host: string; state: HostState; for_ms: number } // "well" ends it
  | { do: "clock"; machine: string; by_ms: number }
  | { do: "poison"; topic: Topic }
  | { do: "request"; request: ApiRequest }; // a write request of the API at that moment
export type KillPoint = "now" | "before-commit" | "between" | "after-commit";
// before-commit: work done (e.g. notifications inserted), nothing committed. between: outputs written, offsets not.
// after-commit: right after the commit, before the next thing.
export type Topic = "alerts.new" | "alerts.matched" | "notifications.ready" | "rule.changed";
export type HostState = "well" | "down" | "slow" | "errors" | "limits" | "gone";

// ---------------------------------------------------------------- answers of the functions
export interface Started {
  scenario: Scenario;
  seed: number;
  at_ms: number;
  duration_ms: number | null;
  replays_until_ms: number; /* time of the last intervention: until then acts are refused unless you fork (see act) */
}
export interface Advanced {
  at_ms: number;
  alerts_total: number;
  deliveries_total: number;
  violations: number;
  is_over: boolean;
  digest: string;
}
/** An act while a loaded script still has later interventions drops those later ones (the run forks); `forked` says so. */
export interface Acted {
  at_ms: number;
  forked: boolean;
  detail: string;
}
export interface Shared {
  text: string;
  bytes: number;
} // put it into the fragment: "#s=" + text
export interface Defaults {
  scenario: Scenario;
  limits: Record<string, number>;
  fixed: (keyof Settings)[];
  ranges: Record<string, [number, number]>;
  core_version: string;
}
export interface Conformance {
  digest: string;
  sections: Record<string, { cases: number; digest: string }>;
}
export interface ApiRequest {
  method: string;
  path: string /* with query */;
  headers?: Record<string, string>;
  body?: string | null;
}
export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  encoding: "text" | "base64";
}

// ---------------------------------------------------------------- snapshot (< 60 KB)
export interface Snapshot {
  at_ms: number;
  wall_ms: number; // unix ms that the people's clock shows (starts 2026-01-01T00:00:00Z)
  seed: number;
  digest: string; // hash of everything that happened so far: equal in equal runs
  settings: Settings; // as they are now
  generation: number; // one more with each start()
  totals: Totals;
  rates: Rates; // per virtual second, over the last `rates.over_ms`
  stages: StageView[];
  topics: TopicView[];
  workers: WorkerView[];
  redis: RedisView;
  postgres: PostgresView;
  kafka: { away_ms: number };
  endpoints: HostView[]; // at most 40, busiest first
  machines: { machine: string; skew_ms: number }[];
  movements: Movement[]; // the last 50, oldest first
  log: LogLine[]; // the last 100, oldest first
  series: Series;
  checks: CheckView[];
  violations: ViolationView[]; // the last 20, newest first
  script: { at_ms: number; what: string; done: boolean }[]; // the last 50 interventions
}
export interface Totals {
  alerts: number;
  matches: number;
  notifications: number;
  delivered: number;
  dead: number;
  skipped: number;
  attempts: number;
  dead_letters: number;
  kills: number;
  held_back: number; /* ticks in which sources were held back: too much under way, or Kafka away */
}
export interface Rates {
  over_ms: number;
  alerts: number;
  matches: number;
  notifications: number;
  delivered: number;
}
export type StageName =
  | "recorder"
  | "episode-keeper"
  | "evaluator"
  | "aggregator"
  | "dispatcher"
  | "deliverer"
  | "reclaimer"
  | "sweeper"
  | "relay"
  | "rule-updater"
  | "rule-reconciler";
export interface StageView {
  stage: StageName;
  worker_group: WorkerGroup;
  topic: Topic | null;
  group: string | null;
  lag: number;
  in_total: number;
  out_total: number;
  in_per_s: number;
  out_per_s: number;
  failures: number;
}
export type WorkerGroup = "recorder" | "evaluator" | "aggregator" | "sender" | "rule-updater";
export interface TopicView {
  topic: Topic;
  partitions: { partition: number; end: number; delayed_ms: number }[];
  groups: {
    group: string;
    worker_group: WorkerGroup;
    committed: number[];
    owners: (string | null)[] /* worker */;
    lag: number;
  }[];
  dead_letters: number;
}
export interface WorkerView {
  worker: string /* "aggregator-1" */;
  worker_group: WorkerGroup;
  machine: string;
  process: string /* "aggregator-1.3": third incarnation */;
  state: "running" | "dead" | "paused" | "stopping";
  restart_in_ms: number | null;
  pending_kill: KillPoint | null;
  does: "polling" | "working" | "committing" | "sending" | "waiting" | "backing-off" | "nothing";
  partitions: Record<string /* topic */, number[]>;
  batch: number /* records in hand */;
  rules_version: number | null;
  rules_age_ms: number | null;
  /* evaluators */ kills: number;
}
export interface RedisView {
  is_used: boolean;
  away_ms: number;
  present: boolean;
  epoch: number | null;
  version: number | null;
  clients: number;
  rules: number;
  checksum: string | null;
  newest_change: number /* of Postgres */;
  unpublished: number /* waiting for the relay */;
  evaluators_behind: string[]; /* workers with older rules than are in force */
}
export interface PostgresView {
  away_ms: number;
  clients: number;
  rules: number;
  endpoints: number;
  notifications: Record<"RECEIVED" | "SENT" | "PARTIAL" | "FAILED" | "SKIPPED", number>; // ever, by their status now
  deliveries: Record<"PENDING" | "RETRYING" | "DELIVERED" | "DEAD" | "SKIPPED", number>;
  kept: { notifications: number; alerts: number };
  outbox: number;
}
export interface HostView {
  host: string;
  state: HostState;
  for_ms: number;
  arrivals: number;
  accepted: number;
  refused: number;
  circuit: "closed" | "open" | "half-open";
  is_mail: boolean;
}
/** One batch of records that moved: from a partition to a worker, or from a worker to a partition. */
export interface Movement {
  n: number /* ascending, unique */;
  at_ms: number;
  topic: string;
  partition: number;
  offset: number /* the first */;
  count: number;
  worker: string | null /* null: the source or people */;
  kind: "append" | "poll" | "commit" | "send";
}
export interface LogLine {
  n: number;
  at_ms: number;
  text: string;
  tone: "normal" | "fault" | "broken" | "person";
}
/** Bounded ring, one point a virtual second, at most 300; all arrays equally long. `from_s` is the virtual second of the first. */
export interface Series {
  from_s: number;
  alerts: number[];
  delivered: number[];
  notifications: number[];
  lag_evaluator: number[];
  lag_aggregator: number[];
  lag_dispatcher: number[];
  waiting_deliveries: number[];
}
export type CheckName =
  "lost" | "doubled" | "unfinished" | "order" | "poison" | "rules-fresh" | "rules-whole";
export interface CheckView {
  check: CheckName;
  status: "good" | "busy" | "broken";
  count: number;
  sentence: string;
  example: Example | null;
  at_risk?: number /* lost only */;
  late?: number; /* rules-fresh only */
}
export interface Example {
  alert_id: string | null;
  client_id: string | null;
  what: string;
  at_ms: number;
  story: { at_ms: number; text: string }[];
}
export interface ViolationView {
  n: number;
  at_ms: number;
  check: string /* a CheckName, or order, or a checker of the core */;
  what: string;
}
