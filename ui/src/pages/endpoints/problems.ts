import { plainly } from "@/shared/HostileText";
import { DESCRIPTION_CHARS_MAX, noteProblem } from "@/shared/notes";

import type { EndpointDraft, HeaderDraft } from "./draft";

const ADDRESSES_MAX = 20;
const URL_CHARS_MAX = 2_048;

/** What is wrong with a draft, by field; only of the fields that its type has. */
export function problemsOf(draft: EndpointDraft): Record<string, string> {
  const description = noteProblem(draft.description, DESCRIPTION_CHARS_MAX);
  const found = Object.entries({ ...checked(draft), description });
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== null));
}

function checked({ type, addresses, slackUrl, webhookUrl, headers, secret }: EndpointDraft) {
  switch (type) {
    case "email":
      return { addresses: addressesProblem(addresses) };
    case "slack":
      return { slackUrl: urlProblem(slackUrl) };
    case "webhook": {
      const isWrong = headers.some((header) => headerProblem(header, headers) !== null);
      return {
        webhookUrl: urlProblem(webhookUrl),
        headers: isWrong ? "There is something wrong with a header" : null,
        secret: secretProblem(secret),
      };
    }
  }
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

export function secretProblem(secret: string | null): string | null {
  if (secret === null) return null;
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim());
  const bytes = match?.[1] === undefined ? 0 : Math.floor((match[1].replace(/=+$/, "").length * 3) / 4);
  return bytes >= 24 && bytes <= 64 ? null : "Must be whsec_ and the base64 of 24 to 64 bytes";
}
