import { type Rule, SEVERITIES } from "@/api/types";
import type { Caller } from "@/app/caller";
import type { ComparedField } from "@/shared/ConflictDialog";
import { plainly } from "@/shared/HostileText";
import { DESCRIPTION_CHARS_MAX, noteProblem } from "@/shared/notes";
import { capitalized, choicesOf } from "@/shared/words";

/** Any, in a rule. */
export const ANY = "*";

/** What is promised about changes of rules; said the same wherever one is made. */
export const TAKES_EFFECT =
  "A change of a rule takes effect within two seconds (p99), or the platform says that it has not.";

/** As many as the platform stores. */
const CHARS_MAX = 255;
/** The same of what people call a rule. */
export const NAME_SHOWN_CHARS_MAX = 120;

export const RULE_SEVERITIES = [{ value: ANY, label: "Any" } as const, ...choicesOf(SEVERITIES)];

export type RuleSeverity = Rule["severity"];

/** What a rule meets. All but its pattern is for operators. */
export type Catches = Rule["catches"];

export const CATCHES: { value: Catches; label: string; says: string }[] = [
  { value: "pattern", label: "A pattern", says: "Alerts that have the severity, source and name below." },
  {
    value: "unmatched",
    label: "What is unmatched",
    says: "Every shared alert that no rule of any client meets by its pattern. Its notifications tell the client that no other client's rule met the alert: choose one whose keys operators hold.",
  },
  { value: "everything", label: "Everything", says: "Every shared alert, whatever else meets it." },
];

/** Rules of all clients together that catch more than a pattern: as many as the platform stores. */
export const CATCH_ALLS_MAX = 5;

/** What an alert is compared with. */
export interface Pattern {
  severity: RuleSeverity;
  source: string;
  name: string;
  catches?: Catches;
}

/** A rule that is being written: what can be chosen of it, by the names that the platform has for it. */
export interface RuleDraft extends Pattern {
  client_id: string | null;
  enabled: boolean;
  description: string;
  name_shown: string;
  catches: Catches;
}

export const EMPTY_DRAFT: RuleDraft = {
  client_id: null,
  severity: ANY,
  source: "",
  name: "",
  enabled: true,
  description: "",
  name_shown: "",
  catches: "pattern",
};

/** What a form says of a field that is not sent: by field, in the order of the form. */
export const CHECKS: { [Field in keyof RuleDraft]?: (value: RuleDraft[Field]) => string | null } = {
  source: textProblem,
  name: textProblem,
  description: (text) => noteProblem(text, DESCRIPTION_CHARS_MAX),
  name_shown: (text) => noteProblem(text, NAME_SHOWN_CHARS_MAX),
};

/** How each field that can be changed is compared when two have changed a rule, in the order of the form. */
const COMPARED: Record<keyof Changed, [label: string, said: (rule: Changed) => string]> = {
  severity: ["Severity", ({ severity }) => severityWord(severity)],
  source: ["Source", ({ source }) => source],
  name: ["Name", ({ name }) => name],
  enabled: ["State", ({ enabled }) => (enabled ? "enabled" : "disabled")],
  description: ["Description", ({ description }) => description],
  name_shown: ["Shown as", ({ name_shown }) => name_shown],
  catches: ["Catches", ({ catches }) => caughtBy(catches)],
};

/** What a change of a rule can change. */
export type Changed = Omit<RuleDraft, "client_id">;

/** What was chosen of a rule. */
export function draftOf(rule: RuleDraft): RuleDraft {
  const chosen = Object.keys(EMPTY_DRAFT).map((field) => [field, rule[field as keyof RuleDraft]]);
  return { ...EMPTY_DRAFT, ...(Object.fromEntries(chosen) as Partial<RuleDraft>) };
}

/** What takes the place of a rule; it stays that of its client. */
export function changedBy(draft: RuleDraft): Changed {
  const changed: Changed & { client_id?: unknown } = { ...draft };
  delete changed.client_id;
  return changed;
}

/** A rule in three versions, for `ConflictDialog`. */
export function compareRules(seen: Changed, theirs: Changed, mine: Changed): ComparedField[] {
  return Object.values(COMPARED).map(([label, said]) => ({
    label,
    seen: said(seen),
    theirs: said(theirs),
    mine: said(mine),
  }));
}

export const ALL_ANY =
  "A rule that is any in all three would match every alert there is, so it is refused. Make at least one of severity, source and name exact.";

export function isAllAny({ severity, source, name, catches }: Pattern): boolean {
  return !catchesMore(catches) && severity === ANY && source === ANY && name === ANY;
}

/** Whether a rule meets more than a pattern. */
export function catchesMore(catches: Catches | undefined): boolean {
  return catches !== undefined && catches !== "pattern";
}

/** Whether a caller may change a rule: operators' rules only operators. */
export function mayChange(caller: Pick<Caller, "isOperator" | "may">, rule: Pattern): boolean {
  return caller.may("rules:write") && (caller.isOperator || !catchesMore(rule.catches));
}

/** What a rule meets, in words. */
export function caughtBy(catches: Catches): string {
  return CATCHES.find(({ value }) => value === catches)?.label ?? catches;
}

/** What keeps a text from being the source or name of a rule. */
export function textProblem(text: string): string | null {
  if (text.trim() === "") return "Type the exact text, or * for any";
  const length = Array.from(text).length;
  if (length > CHARS_MAX) return `Has ${length} characters, at most ${CHARS_MAX} are allowed`;
  return null;
}

/** What is allowed, and perhaps not what was meant. */
export function textWarning(text: string, seen: readonly string[]): string | null {
  if (text === ANY || text.trim() === "") return null;
  if (text !== text.trim()) return "Begins or ends with a blank, which alerts must have too.";
  if (seen.includes(text)) return null;
  const alike = seen.find((other) => other.toLowerCase() === text.toLowerCase());
  if (alike !== undefined) return `Upper and lower case matter: recent alerts have “${plainly(alike, 40)}”.`;
  return null;
}

export function isComplete(pattern: Pattern): boolean {
  return textProblem(pattern.source) === null && textProblem(pattern.name) === null && !isAllAny(pattern);
}

export function isSeverity(text: string | null): text is RuleSeverity {
  return RULE_SEVERITIES.some(({ value }) => value === text);
}

/** A rule in a few words, for titles and labels: what people call it, or else what it matches. */
export function ruleTitle(rule: Pattern & { name_shown?: string }, chars = 60): string {
  const { severity, source, name, catches, name_shown = "" } = rule;
  if (name_shown !== "") return plainly(name_shown, Math.max(chars, NAME_SHOWN_CHARS_MAX));
  if (catches !== undefined && catchesMore(catches)) return caughtBy(catches);
  const what = name === ANY ? "any name" : plainly(name, chars);
  const where = source === ANY ? "any source" : plainly(source, chars);
  return `${severityWord(severity)}, ${what} from ${where}`;
}

export function severityWord(severity: string): string {
  return severity === ANY ? "Any severity" : capitalized(severity);
}

/** An address that opens the editor for a new rule, filled with what is known. */
export function newRulePath(pattern: Partial<Pattern>, clientId: string | null): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(pattern)) query.set(key, value);
  if (clientId !== null) query.set("client", clientId);
  return `/rules/new?${query.toString()}`;
}
