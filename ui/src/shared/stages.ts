import { capitalized } from "./words";

/** Names a stage for people: "Rule updater" for rule-updater. */
export function stageLabel(stage: string): string {
  return capitalized(stage.replaceAll("-", " "));
}
