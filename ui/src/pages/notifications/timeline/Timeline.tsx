import {
  IconAlertTriangle,
  IconBellRinging,
  IconCheck,
  IconClock,
  IconFilter,
  IconMinus,
  IconSend,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";
import { Paper, Text } from "@mantine/core";

import type { NotificationDetail, NotificationStatus } from "@/api/types";
import { notifiedOwnerOf } from "@/shared/alert-identity";
import { AlertFacts } from "@/shared/AlertFacts";
import { TimeAgo } from "@/shared/TimeAgo";

import { DeliveryCard } from "./DeliveryCard";
import { MatchedRules } from "./MatchedRules";
import { failuresFirst, summaryOf, type Tone } from "./reasons";
import { Step } from "./Step";
import classes from "./timeline.module.css";

const ENDS: Record<NotificationStatus, { title: string; says: string; icon: TablerIcon; tone: Tone }> = {
  RECEIVED: {
    title: "Under way",
    says: "It ends when each delivery has arrived or was given up. This page follows it.",
    icon: IconClock,
    tone: "neutral",
  },
  SENT: { title: "Sent", says: "Every delivery arrived.", icon: IconCheck, tone: "good" },
  PARTIAL: {
    title: "Partly sent",
    says: "Some deliveries arrived, others were given up. Sending again tells every target again.",
    icon: IconAlertTriangle,
    tone: "warning",
  },
  FAILED: {
    title: "Failed",
    says: "No delivery arrived. Repair the endpoints, then send it again.",
    icon: IconX,
    tone: "bad",
  },
  SKIPPED: {
    title: "Skipped",
    says: "There was nothing to deliver to. Give a rule an enabled endpoint, then send it again.",
    icon: IconMinus,
    tone: "neutral",
  },
};

/** The way of one notification: alert, matched rules, deliveries with their attempts, and how it ended. */
export function Timeline({ notification }: { notification: NotificationDetail }) {
  const { deliveries, rule_ids, status } = notification;
  const end = ENDS[status];
  const eventAt = new Date(notification.event_ts * 1_000).toISOString();
  const ruleCount = rule_ids.length === 1 ? "1 rule" : `${rule_ids.length} rules`;
  return (
    <ol className={classes.timeline} aria-label="Timeline">
      <Step title="Alert" aside={<TimeAgo at={eventAt} />} icon={IconBellRinging}>
        <Paper>
          <AlertFacts alert={notification} owner={notifiedOwnerOf(notification)} />
        </Paper>
      </Step>
      <Step title="Matched rules" aside={ruleCount} icon={IconFilter}>
        <Paper>
          <MatchedRules ruleIds={rule_ids} />
        </Paper>
      </Step>
      <Step title="Deliveries" aside={summaryOf(deliveries)} icon={IconSend}>
        {deliveries.length === 0 ? (
          <Paper>
            <Text size="sm" c="dimmed">
              {status === "RECEIVED"
                ? "They are planned in a moment."
                : "There is none: the rules had no endpoint at that time."}
            </Text>
          </Paper>
        ) : (
          <ul className={classes.deliveries} aria-label="Deliveries">
            {failuresFirst(deliveries).map((delivery) => (
              <DeliveryCard
                key={delivery.delivery_id}
                delivery={delivery}
                isOpen={
                  deliveries.length <= 3 || (delivery.status !== "DELIVERED" && deliveries.length <= 20)
                }
              />
            ))}
          </ul>
        )}
      </Step>
      <Step
        title={end.title}
        aside={<TimeAgo at={notification.updated_at} />}
        icon={end.icon}
        tone={end.tone}
      >
        <Text size="sm">{end.says}</Text>
      </Step>
    </ol>
  );
}
