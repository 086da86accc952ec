// Run pytest inside Pyodide, on packages in a folder that was made for it; the tests and the playground come from the
// checkout.
//
// Arguments: folder of Pyodide, folder of packages, checkout, result folder; then the arguments of pytest.
import { pathToFileURL } from "node:url";

const [pyodideFolder, site, checkout, results, ...pytestArguments] = process.argv.slice(2);

const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${pyodideFolder}/` });

for (const [folder, mountPoint] of [
  [site, "/site"],
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
sys.path[:0] = ["/site"]
os.chdir("/checkout")
os.environ["COLUMNS"] = "120"
import pytest
int(pytest.main(list(pytest_arguments)))
`);
process.exit(exitCode);
