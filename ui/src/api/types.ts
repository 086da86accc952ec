import type { components } from "./schema";

type Schemas = components["schemas"];

export type Alert = Schemas["AlertShown"];
/** Of an alert with a life; an event has none. */
export type AlertStatus = NonNullable<Alert["status"]>;
/** What became of an alert that was sent. */
export type AlertOutcome = Schemas["AlertResult"]["outcome"];
export type Client = Schemas["ClientShown"];
export type Rule = Schemas["RuleShown"];
export type Endpoint = Schemas["EndpointShown"];
export type EndpointWithSecret = Schemas["EndpointWithSecret"];
export type Notification = Schemas["NotificationShown"];
export type NotificationDetail = Schemas["NotificationDetailShown"];
export type Delivery = Schemas["DeliveryShown"];
export type Attempt = Schemas["AttemptShown"];
export type Explanation = Schemas["ExplanationShown"];
export type Job = Schemas["JobShown"];
export type Key = Schemas["KeyShown"];
export type AlertDetail = Schemas["AlertDetailShown"];
/** One client that was told of an alert. */
export type Notified = Schemas["NotifiedShown"];
export type DeadLetter = Schemas["DeadLetterShown"];
export type DeadLetterDetail = Schemas["DeadLetterDetailShown"];
export type Metrics = Schemas["MetricsShown"];
export type MetricSeries = Schemas["SeriesShown"];
/** One stage in all processes. */
export type StageSummary = Schemas["StageSummaryShown"];
/** How a stage is wired: what it does, and what it reads. */
export type StageWiring = Schemas["StageWiringShown"];
/** One stage in one process. */
export type Stage = Schemas["StageShown"];
export type NotificationStatus = Schemas["NotificationStatus"];
export type NotificationKind = Schemas["NotificationKind"];
export type DeliveryStatus = Schemas["DeliveryStatus"];
export type JobStatus = Schemas["JobStatus"];
export type StageState = Schemas["StageState"];
export type Reason = Schemas["Reason"];

export const SEVERITIES = ["LOW", "MEDIUM", "HIGH", "CRITICAL"] as const;
export type Severity = (typeof SEVERITIES)[number];

export const ALERT_STATUSES = ["firing", "resolved"] as const satisfies readonly AlertStatus[];

/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}
