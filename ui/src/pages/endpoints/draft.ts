import { IconBrandSlack, IconMail, IconWebhook, type TablerIcon } from "@tabler/icons-react";

import type { Endpoint } from "@/api/types";
import { plainly } from "@/shared/HostileText";

export type EndpointType = Endpoint["type"];

const ADDRESSES_MAX = 20;
const HEADERS_MAX = 20;
const URL_CHARS_MAX = 2_048;

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
  enabled: boolean;
}

export const EMPTY_DRAFT: EndpointDraft = {
  type: "webhook",
  addresses: [],
  slackUrl: "",
  webhookUrl: "",
  headers: [],
  secret: null,
  enabled: true,
};

export function draftOf({ type, value, headers, enabled }: Endpoint): EndpointDraft {
  return {
    ...EMPTY_DRAFT,
    type,
    addresses: type === "email" ? splitAddresses(value) : [],
    slackUrl: type === "slack" ? value : "",
    webhookUrl: type === "webhook" ? value : "",
    headers: Object.entries(headers).map(([name, each], key) => ({ key, name, value: each })),
    enabled,
  };
}

/** What is sent to the platform. */
export function bodyOf(draft: EndpointDraft) {
  const { type, enabled } = draft;
  if (type === "email") return { type, enabled, value: draft.addresses.join(", ") };
  if (type === "slack") return { type, enabled, value: draft.slackUrl.trim() };
  const headers = Object.fromEntries(draft.headers.map(({ name, value }) => [name.trim(), value.trim()]));
  const secret = draft.secret === null ? {} : { secret: draft.secret.trim() };
  return { type, enabled, value: draft.webhookUrl.trim(), headers, ...secret };
}

export function splitAddresses(text: string): string[] {
  return text
    .split(/[,;\s]+/)
    .map((address) => address.trim())
    .filter((address) => address !== "");
}

export function addressesProblem(addresses: readonly string[]): string | null {
  if (addresses.length === 0) return "Type at least one address";
  if (addresses.length > ADDRESSES_MAX) {
    return `Has ${addresses.length} addresses, at most ${ADDRESSES_MAX} are allowed`;
  }
  const wrong = addresses.filter((address) => !/^[^\s@]+@[^\s@]+$/.test(address));
  if (wrong.length === 0) return null;
  return `Not of the form name@domain: ${wrong.map((address) => plainly(address, 60)).join(", ")}`;
}

/** The first look at a URL; the platform looks closer. */
export function urlProblem(text: string): string | null {
  const url = text.trim();
  if (url === "") return "Type the URL";
  if (url.length > URL_CHARS_MAX) return `Has ${url.length} characters, at most ${URL_CHARS_MAX} are allowed`;
  if (!/^https?:\/\//i.test(url)) return "Must begin with https:// or http://";
  if (!URL.canParse(url)) return "Is not a URL";
  return null;
}

/** What is wrong with one header among all. */
export function headerProblem(header: HeaderDraft, all: readonly HeaderDraft[]): string | null {
  const name = header.name.trim();
  if (name === "") return "Type a name, or remove the row";
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return "May hold letters, digits and - _ . only";
  if (name.toLowerCase().startsWith("webhook-")) return "Names with webhook- are those of the signature";
  const same = all.filter((other) => other.name.trim().toLowerCase() === name.toLowerCase());
  if (same.length > 1) return "Is there twice; upper and lower case make no difference";
  return null;
}

export const canAddHeader = (headers: readonly HeaderDraft[]) => headers.length < HEADERS_MAX;

export function secretProblem(secret: string | null): string | null {
  if (secret === null) return null;
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim());
  const bytes = match?.[1] === undefined ? 0 : Math.floor((match[1].replace(/=+$/, "").length * 3) / 4);
  return bytes >= 24 && bytes <= 64 ? null : "Must be whsec_ and the base64 of 24 to 64 bytes";
}

/** An endpoint in a few words, for titles and labels. */
export function endpointTitle({ type, value }: { type: EndpointType; value: string }, chars = 60): string {
  return `${TYPES[type].label}: ${plainly(value, chars)}`;
}
