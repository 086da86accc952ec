// Print the snapshot of a scenario, run by the Python of the browser from inside its own running loop, as a page would.
//
// Arguments: folder of Pyodide, folder of packages, folder of the bridge, the scenario, and the slices in ms.
import { pathToFileURL } from "node:url";

const [pyodideFolder, site, bridge, scenario, ...slices] = process.argv.slice(2);

const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${pyodideFolder}/` });
for (const [root, mountPoint] of [
  [site, "/site"],
  [bridge, "/bridge"],
]) {
  pyodide.FS.mkdirTree(mountPoint);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, mountPoint);
}
pyodide.globals.set("scenario", scenario);
pyodide.globals.set("slices", pyodide.toPy(slices));
console.log(
  await pyodide.runPythonAsync(`
import asyncio, sys
sys.dont_write_bytecode = True
sys.path[:0] = ["/site", "/bridge"]
from alerting_playground import main
await asyncio.sleep(0)
main.start(scenario)
for piece in slices:
    main.advance(piece)
main.snapshot()
`),
);
