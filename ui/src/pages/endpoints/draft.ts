import { IconBrandSlack, IconMail, IconWebhook, type TablerIcon } from "@tabler/icons-react";

import type { Endpoint } from "@/api/types";
import { plainly } from "@/shared/HostileText";

export type EndpointType = Endpoint["type"];

const HEADERS_MAX = 20;

export const TYPES: Record<EndpointType, { label: string; icon: TablerIcon; says: string }> = {
  email: {
    label: "E-mail",
    icon: IconMail,
    says: "A message to each address. Each is delivered, and tried again, on its own.",
  },
  slack: {
    label: "Slack",
    icon: IconBrandSlack,
    says: "A message to one channel, by an incoming webhook of Slack.",
  },
  webhook: {
    label: "Webhook",
    icon: IconWebhook,
    says: "A signed POST request with JSON to a URL of yours, by the Standard Webhooks specification.",
  },
};

/** Whether an endpoint is told that an alert is over; said the same wherever it is shown or chosen. */
export const RESOLVED = {
  label: "Resolved alerts",
  says: "Where it was told that an alert fires, it is told that it is over, too.",
  words: { on: "Told", off: "Not told" },
};

/** What a webhook is sent. */
export const FORMATS: Record<Endpoint["format"], { label: string; says: string }> = {
  platform: {
    label: "Platform",
    says: "A JSON document about one notification, as the README describes it.",
  },
  alertmanager: {
    label: "Alertmanager",
    says: "What an Alertmanager sends to its webhook receivers (version 4), about one alert at a time.",
  },
};

export const FORMAT_LABEL = "Format";

export function isType(text: string | null): text is EndpointType {
  return text !== null && Object.hasOwn(TYPES, text);
}

export interface HeaderDraft {
  /** Tells rows apart while they are edited. */
  key: number;
  name: string;
  value: string;
}

/** An endpoint that is being written; each type has its own fields, and keeps them while another is looked at. */
export interface EndpointDraft {
  type: EndpointType;
  addresses: string[];
  slackUrl: string;
  webhookUrl: string;
  headers: HeaderDraft[];
  /** null: the platform makes one. */
  secret: string | null;
  /** Of a webhook alone. */
  format: Endpoint["format"];
  enabled: boolean;
  send_resolved: boolean;
  description: string;
}

export const EMPTY_DRAFT: EndpointDraft = {
  type: "webhook",
  addresses: [],
  slackUrl: "",
  webhookUrl: "",
  headers: [],
  secret: null,
  format: "platform",
  enabled: true,
  send_resolved: true,
  description: "",
};

export function draftOf(endpoint: Endpoint): EndpointDraft {
  const { type, value, headers, format, enabled, send_resolved, description } = endpoint;
  return {
    ...EMPTY_DRAFT,
    type,
    addresses: type === "email" ? splitAddresses(value) : [],
    slackUrl: type === "slack" ? value : "",
    webhookUrl: type === "webhook" ? value : "",
    headers: Object.entries(headers).map(([name, each], key) => ({ key, name, value: each })),
    format,
    enabled,
    send_resolved,
    description,
  };
}

/** What is sent to the platform. */
export function bodyOf({
  addresses,
  slackUrl,
  webhookUrl,
  headers: rows,
  secret,
  format,
  ...asItIs
}: EndpointDraft) {
  if (asItIs.type === "email") return { ...asItIs, value: addresses.join(", ") };
  if (asItIs.type === "slack") return { ...asItIs, value: slackUrl.trim() };
  const headers = Object.fromEntries(rows.map(({ name, value }) => [name.trim(), value.trim()]));
  const chosen = secret === null ? {} : { secret: secret.trim() };
  return { ...asItIs, value: webhookUrl.trim(), headers, format, ...chosen };
}

/** What is sent to the platform for another endpoint like *endpoint*; a secret cannot be copied. */
export function copyOf(endpoint: Endpoint) {
  return { headers: {}, ...bodyOf(draftOf(endpoint)), value: endpoint.value };
}

export function splitAddresses(text: string): string[] {
  return text
    .split(/[,;\s]+/)
    .map((address) => address.trim())
    .filter((address) => address !== "");
}

export const canAddHeader = (headers: readonly HeaderDraft[]) => headers.length < HEADERS_MAX;

/** An endpoint in a few words, for titles and labels. */
export function endpointTitle({ type, value }: { type: EndpointType; value: string }, chars = 60): string {
  return `${TYPES[type].label}: ${plainly(value, chars)}`;
}
