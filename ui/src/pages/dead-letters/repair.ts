import type { ProblemItem } from "@/api/problem";
import type { DeadLetterDetail } from "@/api/types";

export type Settable = DeadLetterDetail["settable"][number];

/** A label that the message has not yet. */
interface AddedLabel {
  /** Tells rows apart while they are edited. */
  key: number;
  label: string;
  value: string;
}

/** A dead letter that is being repaired field by field. */
export interface RepairDraft {
  /** Name → text, of those that can be set. */
  values: Readonly<Record<string, string>>;
  added: readonly AddedLabel[];
}

/** Of a label the platform names so much when something is wrong with it. */
const LABEL_CHARS_TOLD = 40;

/** What is as long is no message of the platform, and more than a request takes in base64. */
export const VALUE_BYTES_MAX = 780_000;

export function draftOf(settable: readonly Settable[]): RepairDraft {
  return { values: Object.fromEntries(settable.map((field) => [field.name, initialOf(field)])), added: [] };
}

/** What a field begins with. A value that is not known whole is given anew or left. */
function initialOf({ value, is_cut }: Settable): string {
  return is_cut ? "" : value;
}

/** The field under which labels can be added, if the message has labels. */
export function labelsOf(settable: readonly Settable[]): string | null {
  return settable.find(({ kind }) => kind === "labels")?.name ?? null;
}

/** Name → text of what differs from the dead letter: this alone is sent, and all else keeps its bytes. */
export function changesOf(settable: readonly Settable[], draft: RepairDraft): Record<string, string> {
  const changes: Record<string, string> = {};
  for (const field of settable) {
    const text = draft.values[field.name] ?? "";
    if (field.kind !== "labels" && text !== initialOf(field)) changes[field.name] = text;
  }
  const labels = labelsOf(settable);
  for (const { label, value } of draft.added) {
    if (labels !== null && label.trim() !== "") changes[`${labels}.${label.trim()}`] = value;
  }
  return changes;
}

/** How the platform names a field when something is wrong with it. */
export function pathOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0
    ? name
    : name.slice(0, dot + 1) +
        Array.from(name.slice(dot + 1))
          .slice(0, LABEL_CHARS_TOLD)
          .join("");
}

/** What was found about one field: problems may point at one entry of it, as in rule_ids[0]. */
export function saidOf(name: string, problems: readonly ProblemItem[]): string | undefined {
  const path = pathOf(name);
  const found = problems.filter(
    (each) => each.path === path || each.path.replace(/^(\w+)\[\d+\]$/, "$1") === path,
  );
  return found.length === 0 ? undefined : found.map(({ detail }) => detail).join("; ");
}

/** Problems by the fields of the message: a refusal names them as parts of what it was asked to set. */
export function ofMessage(problems: readonly ProblemItem[]): ProblemItem[] {
  return problems.map((each) => ({ ...each, path: each.path.replace(/^set(\.|$)/, "") }));
}

/** The bytes of a file as a request takes them. */
export function base64Of(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () =>
      resolve(typeof reader.result === "string" ? reader.result.replace(/^[^,]*,?/, "") : "");
    reader.onerror = () => reject(reader.error ?? new Error("The file cannot be read"));
    reader.readAsDataURL(file);
  });
}
