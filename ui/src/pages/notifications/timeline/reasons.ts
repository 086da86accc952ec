import type { Attempt, Delivery, Reason } from "@/api/types";

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
    says: "The receiver refused the request: its answer may say why.",
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
    says: "The receiver, or the platform on its behalf, wants fewer requests.",
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
  "connection-failed": { short: "No connection", says: "Nobody accepts connections at this address." },
  "name-not-resolved": {
    short: "Unknown host",
    says: "The name of the host does not resolve to an address.",
  },
  "tls-failed": {
    short: "TLS failed",
    says: "The certificate or the encryption of the receiver was not accepted.",
  },
  "forbidden-address": {
    short: "Forbidden address",
    says: "The host is at an address that the platform does not send to, such as one of an internal network.",
  },
  "protocol-error": { short: "Unreadable answer", says: "What answered does not speak the protocol." },
  "not-configured": {
    short: "Not configured",
    says: "The platform is not set up to send this type: ask who runs it.",
  },
  "circuit-open": {
    short: "Not tried",
    says: "The host has failed so often that sending to it is paused for a while.",
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
};

export function wordsOf(reason: Reason): Words {
  return REASONS[reason];
}

export type Tone = "good" | "bad" | "warning" | "neutral";

/** How an attempt is marked; its words say the same. */
export function toneOf(reason: Reason): Tone {
  if (reason === "delivered") return "good";
  if (reason === "interrupted" || reason === "circuit-open" || reason === "rate-limited") return "warning";
  return reason.startsWith("endpoint-") || reason === "placeholder-domain" ? "neutral" : "bad";
}

/** Attempts in the rounds that they were made in: each resending counts from 1 again. */
export function roundsOf(attempts: readonly Attempt[]): Attempt[][] {
  const rounds: Attempt[][] = [];
  let last: Attempt | undefined;
  for (const attempt of attempts) {
    // After an interruption the next has the same number again, and belongs to the same round.
    const repeats = last !== undefined && attempt.number <= last.number && last.reason !== "interrupted";
    if (last === undefined || repeats) rounds.push([]);
    rounds.at(-1)?.push(attempt);
    last = attempt;
  }
  return rounds;
}

const ORDER: readonly Delivery["status"][] = ["DEAD", "RETRYING", "PENDING", "SKIPPED", "DELIVERED"];

/** What failed comes first: it is what one looks for. */
export function failuresFirst(deliveries: readonly Delivery[]): Delivery[] {
  return deliveries.toSorted((one, other) => ORDER.indexOf(one.status) - ORDER.indexOf(other.status));
}

/** "2 deliveries: 1 dead, 1 delivered" */
export function summaryOf(deliveries: readonly Delivery[]): string {
  if (deliveries.length === 0) return "None yet";
  const parts = ORDER.flatMap((status) => {
    const count = deliveries.filter((delivery) => delivery.status === status).length;
    return count === 0 ? [] : [`${count} ${status.toLowerCase()}`];
  });
  return parts.join(", ");
}
