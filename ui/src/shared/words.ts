/** Writes a word, or some words, with a capital and the rest small: "High" for HIGH, "Rule updater" for rule updater. */
export function capitalized(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase();
}

/** Values as the choices of a field, each under its own name. */
export function choicesOf<Value extends string>(values: readonly Value[]): { value: Value; label: string }[] {
  return values.map((value) => ({ value, label: capitalized(value) }));
}
