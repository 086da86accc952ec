const SCENARIO = "s";
const STOP_AT = "t";
const DIGEST = "d";

/** A moment of a run that somebody shared: who opens the link gets there, and sees that it is the same one. */
export interface Moment {
  atMs: number;
  digest: string;
}

/** The scenario in the fragment of a link, as the platform's text; "" when there is none. */
export function scenarioOf(hash: string): string {
  return parametersOf(hash).get(SCENARIO) ?? "";
}

/** The moment in the fragment of a link. */
export function momentOf(hash: string): Moment | null {
  const parameters = parametersOf(hash);
  const atMs = Number(parameters.get(STOP_AT));
  const digest = parameters.get(DIGEST) ?? "";
  return scenarioOf(hash) !== "" && Number.isSafeInteger(atMs) && atMs > 0 && digest !== ""
    ? { atMs, digest }
    : null;
}

/** A link to this playground that starts a scenario. It is in the fragment: no server gets to see it. */
export function linkTo(scenario: string, moment: Moment | null = null): string {
  const page = new URL(location.href);
  const parameters = new URLSearchParams({ [SCENARIO]: scenario });
  if (moment !== null) {
    parameters.set(STOP_AT, String(moment.atMs));
    parameters.set(DIGEST, moment.digest);
  }
  page.hash = `/simulation?${parameters.toString()}`;
  return page.href;
}

function parametersOf(hash: string): URLSearchParams {
  const query = hash.indexOf("?");
  return new URLSearchParams(query < 0 ? "" : hash.slice(query + 1));
}
