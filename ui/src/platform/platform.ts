import type { SimulationControl } from "./simulation";

/**
 * What the pages speak to: a platform behind HTTP, or one that is simulated in this browser.
 *
 * Both answer the same requests of the same API. Only the entry points (`main*.tsx`) know which one it is.
 */
export interface Platform {
  /** For words such as "this browser tab"; no behaviour may hang on it: ask for `signIn` or `simulation` instead. */
  readonly kind: "http" | "playground";

  /** Answers a request of the API. Rejects only when no answer came at all. */
  fetch(request: Request): Promise<Response>;

  /** Present when the platform has to be told who is calling. */
  readonly signIn?: SignIn;

  /** Present when the platform is simulated, and can be paused, hurried and hurt. */
  readonly simulation?: SimulationControl;
}

/** The API key of this tab. */
export interface SignIn {
  /** Whether there is a key; whether the platform knows it is not said. */
  readonly hasKey: boolean;

  /** Takes a key. `keep` holds it until the tab is closed, otherwise it is gone with the next reload. */
  use(key: string, keep: boolean): void;

  /** Drops the key from everywhere. */
  forget(): void;

  /** Calls `changed` after each `use` and `forget`; returns how to end that. */
  subscribe(changed: () => void): () => void;
}
