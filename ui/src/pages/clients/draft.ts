/** Longest id and longest name, in characters; the API has the same bound. */
export const CHARS_MAX = 255;

/** Says what is wrong with an id before the API does; null: nothing that can be seen here. */
export function idProblem(id: string): string | null {
  const length = Array.from(id).length;
  if (length === 0) return "Give the client an id";
  if (length > CHARS_MAX) return `At most ${CHARS_MAX} characters; these are ${length}`;
  if (id.trim() !== id) return "An id has no blanks at its ends";
  if (/\p{Cc}/u.test(id)) return "An id has no line breaks or other control characters";
  // Browsers take both for steps of a path, and would never ask for the client.
  if (id === "." || id === "..") return "A browser cannot open the address of this id";
  return null;
}

export function nameProblem(name: string): string | null {
  const length = Array.from(name).length;
  if (name.trim() === "") return "Give it a name";
  return length > CHARS_MAX ? `At most ${CHARS_MAX} characters; these are ${length}` : null;
}
