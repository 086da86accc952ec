/** Names a stage for people: "Rule updater" for rule-updater. */
export function stageLabel(stage: string): string {
  const words = stage.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
