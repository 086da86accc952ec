import type { Reason } from "@/api/types";

import type { Tone } from "./Steps";

/** Why an attempt or a delivery came out as it did. */
interface Words {
  /** What it came to, short. */
  short: string;
  /** What that means, and what to do about it. */
  says: string;
}

const REASONS: Record<Reason, Words> = {
  delivered: { short: "Delivered", says: "The receiver has taken it." },
  "http-client-error": {
    short: "Refused",
    says: "The receiver refused the request: its answer may say why. Check the URL, its headers and what the receiver expects.",
  },
  "http-server-error": {
    short: "Error of the receiver",
    says: "The receiver failed while it took the request.",
  },
  "http-redirect": {
    short: "Redirected",
    says: "The receiver points elsewhere. Redirects are not followed: put the new address into the endpoint.",
  },
  "rate-limited": {
    short: "Too many requests",
    says: "The receiver, or the platform on its behalf, wants fewer requests. This is not counted as a try.",
  },
  gone: {
    short: "Gone",
    says: "The receiver says that this address is gone for good. It is not tried again, and its endpoint was disabled.",
  },
  "smtp-temporary": { short: "Put off by the mail server", says: "The mail server cannot take it now." },
  "smtp-permanent": {
    short: "Refused by the mail server",
    says: "The mail server refuses this address or message for good.",
  },
  "timed-out": { short: "Timed out", says: "No answer came in time. The message may have arrived." },
  "connection-failed": {
    short: "No connection",
    says: "Nobody accepts connections at this address. Check host and port, and whether the receiver runs.",
  },
  "name-not-resolved": {
    short: "Unknown host",
    says: "The name of the host does not resolve to an address.",
  },
  "tls-failed": {
    short: "TLS failed",
    says: "The certificate or the encryption of the receiver was not accepted. Check its certificate.",
  },
  "forbidden-address": {
    short: "Forbidden address",
    says: "The host is at an address that the platform does not send to, such as one of an internal network: its operator decides which are allowed.",
  },
  "protocol-error": { short: "Unreadable answer", says: "What answered does not speak the protocol." },
  "not-configured": {
    short: "Not configured",
    says: "The platform is not set up to send this type: ask who runs it.",
  },
  "circuit-open": {
    short: "Not tried",
    says: "It has failed so often that sending to it is paused for a while.",
  },
  interrupted: {
    short: "Interrupted",
    says: "The sender ended before it heard an answer; the message may have arrived. This is not counted as a try.",
  },
  "placeholder-domain": {
    short: "Placeholder address",
    says: "The domain is reserved for examples: nobody receives there.",
  },
  "endpoint-disabled": {
    short: "Endpoint disabled",
    says: "The endpoint was disabled before it was its turn.",
  },
  "endpoint-deleted": { short: "Endpoint deleted", says: "The endpoint was deleted before it was its turn." },
  "endpoint-changed": {
    short: "Endpoint changed",
    says: "The endpoint no longer holds this target.",
  },
  "too-many-recipients": {
    short: "Too many recipients",
    says: "The rules have more targets than one notification is sent to.",
  },
  "resolved-not-wanted": {
    short: "End not wanted",
    says: "The endpoint is set not to be told when an alert is resolved.",
  },
  "firing-not-told": {
    short: "Firing not told",
    says: "That the alert fires has not arrived here, so its end is not told either.",
  },
  "waits-for-firing": {
    short: "Waits",
    says: "The message that the alert fires is still on its way here; its end is told after it.",
  },
};

export function wordsOf(reason: Reason): Words {
  return REASONS[reason];
}

/** What stands for nothing that went wrong: somebody chose it, or it was not the time. */
const NEUTRAL: ReadonlySet<Reason> = new Set([
  "endpoint-disabled",
  "endpoint-deleted",
  "endpoint-changed",
  "placeholder-domain",
  "resolved-not-wanted",
  "firing-not-told",
  "waits-for-firing",
]);

/** How an attempt is marked; its words say the same. */
export function toneOf(reason: Reason): Tone {
  if (reason === "delivered") return "good";
  if (reason === "interrupted" || reason === "circuit-open" || reason === "rate-limited") return "warning";
  return NEUTRAL.has(reason) ? "neutral" : "bad";
}
