import {
  IconActivityHeartbeat,
  IconBellRinging,
  IconBolt,
  IconChartLine,
  IconFilter,
  IconMailX,
  IconPlugConnected,
  IconQuestionMark,
  IconTimeline,
  IconUsers,
  type TablerIcon,
} from "@tabler/icons-react";

/** One entry of the navigation. */
export interface NavEntry {
  path: string;
  label: string;
  icon: TablerIcon;
  group: "alerts" | "platform";
  /** Shown only to operators. */
  operator?: boolean;
  /** Shown only where the platform is simulated. */
  simulation?: boolean;
}

export const NAV: readonly NavEntry[] = [
  { path: "/", label: "Overview", icon: IconActivityHeartbeat, group: "alerts" },
  { path: "/simulation", label: "Simulation", icon: IconTimeline, group: "alerts", simulation: true },
  { path: "/rules", label: "Rules", icon: IconFilter, group: "alerts" },
  { path: "/endpoints", label: "Endpoints", icon: IconPlugConnected, group: "alerts" },
  { path: "/notifications", label: "Notifications", icon: IconBellRinging, group: "alerts" },
  { path: "/explain", label: "Explain", icon: IconQuestionMark, group: "alerts" },
  { path: "/clients", label: "Clients & keys", icon: IconUsers, group: "platform" },
  { path: "/generator", label: "Generator", icon: IconBolt, group: "platform" },
  // Not /metrics: that is Prometheus' own page.
  { path: "/stages", label: "Metrics", icon: IconChartLine, group: "platform" },
  { path: "/dead-letters", label: "Dead letters", icon: IconMailX, group: "platform" },
];
