import type { loadPyodide as LoadPyodide, PyodideAPI } from "pyodide";

/** The functions of `alerting_playground.main`. */
export type Functions =
  | "start"
  | "advance"
  | "step"
  | "snapshot"
  | "request"
  | "act"
  | "share"
  | "defaults"
  | "conformance"
  | "load_api";

/** What the build wrote about the Python files of the site. */
interface PythonFiles {
  wheels: string[];
  /** The HTTP API and the packages that it stands on, in one archive. */
  api: string;
}

/** The platform in Python: text in, text out. */
export class Python {
  readonly #call: (name: Functions, text?: string) => string;
  /** Resolved when the API can be imported: a page can be shown before, and not read or change anything. */
  readonly api: Promise<void>;

  constructor(pyodide: PyodideAPI, api: Promise<void>) {
    this.api = api;
    const module = pyodide.pyimport("alerting_playground.main") as unknown as Record<
      Functions,
      (text?: string) => string
    >;
    this.#call = (name, text) => (text === undefined ? module[name]() : module[name](text));
  }

  call(name: Functions, text?: string): string {
    return this.#call(name, text);
  }
}

/**
 * Loads Python and the platform's wheels, all from this site.
 *
 * @param base URL of the folder that the site lies in, with a slash at its end.
 */
export async function loadPython(
  base: string,
  tell: (phase: "python" | "platform") => void,
): Promise<Python> {
  tell("python");
  // Both begin at once: the wheels are small, and there when Python is.
  const files = fetchFiles(base);
  const wheels = files.then(({ wheels: names }) => Promise.all(names.map((name) => fetchFile(base, name))));
  wheels.catch(() => undefined); // Told below, when Python is there.
  const loader = (await import(/* @vite-ignore */ `${base}pyodide/pyodide.mjs`)) as {
    loadPyodide: typeof LoadPyodide;
  };
  const pyodide = await loader.loadPyodide({ indexURL: `${base}pyodide/` });
  tell("platform");
  for (const wheel of await wheels) pyodide.unpackArchive(wheel, "wheel");
  // Begun when all that a page needs is there: the line is free, and the archive has come when the platform has started.
  const api = files.then(async (names) => {
    pyodide.unpackArchive(await fetchFile(base, names.api), "wheel");
  });
  api.catch(() => undefined); // Told by the first call that needs it.
  return new Python(pyodide, api);
}

async function fetchFiles(base: string): Promise<PythonFiles> {
  return (await (await get(`${base}python/files.json`)).json()) as PythonFiles;
}

async function fetchFile(base: string, name: string): Promise<ArrayBuffer> {
  return (await get(`${base}python/${name}`)).arrayBuffer();
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}
