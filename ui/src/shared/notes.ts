/** As many as the platform stores of what a rule or an endpoint is for. */
export const DESCRIPTION_CHARS_MAX = 500;

/** Characters as the platform counts them: an emoji outside of the basic plane is one. */
export function countChars(text: string): number {
  return Array.from(text).length;
}

/** What keeps a text for people alone from being stored; it may be left empty. */
export function noteProblem(text: string, charsMax: number): string | null {
  if (text === "") return null;
  if (text.trim() === "") return "Is nothing but blanks: leave it empty";
  const count = countChars(text);
  return count > charsMax ? `Has ${count} characters, at most ${charsMax} are allowed` : null;
}
