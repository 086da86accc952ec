import type { Platform, SignIn } from "./platform";

const STORED_AS = "alerting-key";

/** A key in memory, or in the storage of this tab: neither is ever part of an address, nor shared with other tabs. */
class TabKey implements SignIn {
  #key: string | null;
  readonly #listeners = new Set<() => void>();

  constructor() {
    this.#key = stored((storage) => storage.getItem(STORED_AS));
  }

  get hasKey(): boolean {
    return this.#key !== null;
  }

  get key(): string | null {
    return this.#key;
  }

  use(key: string, keep: boolean): void {
    this.#key = key;
    stored((storage) => {
      if (keep) storage.setItem(STORED_AS, key);
      else storage.removeItem(STORED_AS);
      return null;
    });
    this.#tell();
  }

  forget(): void {
    this.#key = null;
    stored((storage) => {
      storage.removeItem(STORED_AS);
      return null;
    });
    this.#tell();
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  #tell(): void {
    for (const changed of this.#listeners) changed();
  }
}

/** A browser may have storage switched off, and then throws: the key is kept in memory alone. */
function stored(use: (storage: Storage) => string | null): string | null {
  try {
    return use(window.sessionStorage);
  } catch {
    return null;
  }
}

/** A platform behind the address that served this page. */
export class HttpPlatform implements Platform {
  readonly kind = "http";
  readonly signIn = new TabKey();

  async fetch(request: Request): Promise<Response> {
    // A request with a key of its own tries that key.
    const key = request.headers.has("Authorization") ? null : this.signIn.key;
    if (key !== null) request.headers.set("Authorization", `Bearer ${key}`);
    const response = await fetch(request);
    // A key that opens nothing any more is worth nothing: the pages give way to the sign-in. One that was just typed
    // in the meantime is not dropped by the late answer to the one before.
    if (response.status === 401 && key !== null && key === this.signIn.key) this.signIn.forget();
    return response;
  }
}
