const CHECK = "c";
const SCENARIO = "s";
const STOP_AT = "t";
const DIGEST = "d";

/** The polynomial of CRC-32 as zlib and Ethernet have it, its lowest bit first. */
const POLYNOMIAL = 0xedb88320;

const DAMAGED = "the link is damaged: it was cut off, or changed on its way";

/** A moment of a run that somebody shared: who opens the link gets there, and sees that it is the same one. */
export interface Moment {
  atMs: number;
  digest: string;
}

/** What a link says. */
export interface SharedLink {
  /** As the platform's text; "" when there is none. */
  scenario: string;
  moment: Moment | null;
  /** Why nothing of it may be believed; null: it is whole. */
  damage: string | null;
}

/**
 * Reads the fragment of a link. The scenario has a checksum of its own, which the platform compares; that of the link
 * covers the moment as well. Links of former versions have none: what they hold must at least be well formed.
 */
export function readLink(hash: string): SharedLink {
  const query = hash.indexOf("?");
  const parameters = new URLSearchParams(query < 0 ? "" : hash.slice(query + 1));
  const [scenario, atText, digest] = [SCENARIO, STOP_AT, DIGEST].map(
    (name) => parameters.get(name) ?? "",
  ) as [string, string, string];
  const check = parameters.get(CHECK);
  const atMs = Number(atText);
  const hasMoment = atText !== "" || digest !== "";
  const isMoment = /^[1-9]\d*$/.test(atText) && Number.isSafeInteger(atMs) && /^[0-9a-z]+$/i.test(digest);
  const isWhole =
    (check === null || check === checkOf(scenario, atText, digest)) &&
    (!hasMoment || (isMoment && scenario !== ""));
  return {
    scenario,
    moment: isWhole && isMoment ? { atMs, digest } : null,
    damage: isWhole ? null : DAMAGED,
  };
}

/** A link to this playground that starts a scenario. It is in the fragment: no server gets to see it. */
export function linkTo(scenario: string, moment: Moment | null = null): string {
  const page = new URL(location.href);
  const atText = moment === null ? "" : String(moment.atMs);
  const digest = moment?.digest ?? "";
  // The checksum comes first, so that it is there when the end was cut off.
  const parameters = new URLSearchParams({
    [CHECK]: checkOf(scenario, atText, digest),
    [SCENARIO]: scenario,
  });
  if (moment !== null) {
    parameters.set(STOP_AT, atText);
    parameters.set(DIGEST, digest);
  }
  page.hash = `/simulation?${parameters.toString()}`;
  return page.href;
}

/** CRC-32 of all that a link says: against accidents, not against people, who may write any link they like. */
function checkOf(...parts: string[]): string {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(parts.join(" "))) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}
