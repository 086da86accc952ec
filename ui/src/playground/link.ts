const PARAMETER = "s";

/** The scenario in the fragment of a link, as the platform's text; "" when there is none. */
export function scenarioOf(hash: string): string {
  const query = hash.indexOf("?");
  return query < 0 ? "" : (new URLSearchParams(hash.slice(query + 1)).get(PARAMETER) ?? "");
}

/** A link to this playground that starts a scenario. It is in the fragment: no server gets to see it. */
export function linkTo(scenario: string): string {
  const page = new URL(location.href);
  page.hash = `/simulation?${PARAMETER}=${scenario}`;
  return page.href;
}
