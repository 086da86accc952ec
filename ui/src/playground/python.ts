import type { loadPyodide as LoadPyodide, PyodideAPI } from "pyodide";

/** The functions of `alerting_playground.main`. */
export type Functions =
  "start" | "advance" | "step" | "snapshot" | "request" | "act" | "share" | "defaults" | "conformance";

/** What the build wrote about the Python files of the site. */
interface PythonFiles {
  wheels: string[];
}

/** The platform in Python: text in, text out. */
export class Python {
  readonly #call: (name: Functions, text?: string) => string;

  constructor(pyodide: PyodideAPI) {
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
  const wheels = fetchWheels(base);
  wheels.catch(() => undefined); // Told below, when Python is there.
  const loader = (await import(/* @vite-ignore */ `${base}pyodide/pyodide.mjs`)) as {
    loadPyodide: typeof LoadPyodide;
  };
  const pyodide = await loader.loadPyodide({ indexURL: `${base}pyodide/` });
  tell("platform");
  for (const wheel of await wheels) pyodide.unpackArchive(wheel, "wheel");
  return new Python(pyodide);
}

async function fetchWheels(base: string): Promise<ArrayBuffer[]> {
  const files = (await (await get(`${base}python/files.json`)).json()) as PythonFiles;
  return Promise.all(files.wheels.map(async (name) => (await get(`${base}python/${name}`)).arrayBuffer()));
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}
