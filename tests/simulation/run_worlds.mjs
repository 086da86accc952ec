// Print the digests of worlds, run by the Python of the browser from inside its own running loop, as a page would.
//
// Arguments: folder of Pyodide, folder of the core's sources; then the seeds.
import { pathToFileURL } from "node:url";

const [pyodideFolder, sources, ...seeds] = process.argv.slice(2);

const { loadPyodide } = await import(pathToFileURL(`${pyodideFolder}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${pyodideFolder}/` });
pyodide.FS.mkdirTree("/core");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: sources }, "/core");
pyodide.globals.set("seeds", pyodide.toPy(seeds.map(Number)));
const digests = await pyodide.runPythonAsync(`
import asyncio, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "/core")
from alerting_core.sim.world import World
await asyncio.sleep(0)
" ".join(World(seed).run().digest for seed in seeds)
`);
console.log(digests);
