// Run pytest inside Pyodide: the core comes from its wheel as in the browser; pytest, the tests and the playground from
// mounted folders.
//
// Arguments: folder of Pyodide, core wheel, folder of pytest, checkout, result folder; then the arguments of pytest.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [pyodideFolder, wheel, pytestSite, checkout, results, ...pytestArguments] = process.argv.slice(2);

const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${pyodideFolder}/` });

pyodide.unpackArchive(new Uint8Array(await readFile(wheel)), "wheel", { extractDir: "/core" });
for (const [folder, mountPoint] of [
  [pytestSite, "/pytest"],
  [`${checkout}/tests`, "/checkout/tests"],
  [`${checkout}/playground/bridge`, "/checkout/playground/bridge"],
  [results, "/results"],
]) {
  pyodide.FS.mkdirTree(mountPoint);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, mountPoint);
}

pyodide.globals.set("pytest_arguments", pyodide.toPy(pytestArguments));
const exitCode = pyodide.runPython(`
import os, sys
sys.dont_write_bytecode = True
sys.path[:0] = ["/core", "/pytest"]
os.chdir("/checkout")
os.environ["COLUMNS"] = "120"
import pytest
int(pytest.main(list(pytest_arguments)))
`);
process.exit(exitCode);
