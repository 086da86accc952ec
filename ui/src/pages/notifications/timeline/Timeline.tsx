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
import { Step, Steps, type Tone } from "@/shared/Steps";
import { TimeAgo } from "@/shared/TimeAgo";

import { failuresFirst, summaryOf } from "./attempts";
import { DeliveryCard } from "./DeliveryCard";
import { MatchedRules } from "./MatchedRules";
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

const END_SKIPPED = {
  ...ENDS.SKIPPED,
  says: "Nobody was to be told of the end. Each delivery says why.",
};

/** The way of one notification: alert, matched rules, deliveries with their attempts, and how it ended. */
export function Timeline({ notification }: { notification: NotificationDetail }) {
  const { deliveries, rule_ids, status } = notification;
  const isEnd = notification.kind === "RESOLVED";
  const end = isEnd && status === "SKIPPED" ? END_SKIPPED : ENDS[status];
  const eventAt = new Date(notification.event_ts * 1_000).toISOString();
  const ruleCount = rule_ids.length === 1 ? "1 rule" : `${rule_ids.length} rules`;
  return (
    <Steps label="Timeline">
      <Step title="Alert" aside={<TimeAgo at={eventAt} />} icon={IconBellRinging}>
        <Paper>
          <AlertFacts
            alert={notification}
            owner={notifiedOwnerOf(notification)}
            life={lifeOf(notification)}
          />
        </Paper>
      </Step>
      <Step title="Matched rules" aside={ruleCount} icon={IconFilter}>
        <Paper>
          <MatchedRules ruleIds={rule_ids} />
          {isEnd && (
            <Text size="xs" c="dimmed" mt="xs">
              They led to the notification of the firing. The end is told where that one was told, whatever
              became of the rules since.
            </Text>
          )}
        </Paper>
      </Step>
      <Step title="Deliveries" aside={summaryOf(deliveries)} icon={IconSend}>
        {deliveries.length === 0 ? (
          <Paper>
            <Text size="sm" c="dimmed">
              {status === "RECEIVED"
                ? "They are planned in a moment."
                : isEnd
                  ? "There is none: that the alert fires was told nowhere."
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
    </Steps>
  );
}

/** What a notification says of the life of its alert; how it stands now, the alert itself knows. */
function lifeOf({ fingerprint, event_ts: eventTs, ends_at }: NotificationDetail) {
  if (fingerprint === null) return undefined;
  return { starts_at: new Date(eventTs * 1_000).toISOString(), ends_at };
}
