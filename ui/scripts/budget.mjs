// Fails when the JavaScript of a build outgrows its budget. Pyodide and the core are not part of it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const UI_KB_MAX = 350;
const SIMULATION_KB_MAX = 20; // What the playground has beside the pages: one of its own, and the worker.
const FIRST_KB_MAX = 260; // What the first page of a visit loads.

const folder = process.argv[2];
const allKbMax = folder === "dist-playground" ? UI_KB_MAX + SIMULATION_KB_MAX : UI_KB_MAX;
const manifest = JSON.parse(readFileSync(join(folder, ".vite/manifest.json"), "utf8"));

const kb = (file) => gzipSync(readFileSync(join(folder, file)), { level: 9 }).length / 1000;

function loadedBy(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const each of manifest[key].imports ?? []) loadedBy(each, seen);
  return seen;
}

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = [...loadedBy(entry)].map((key) => manifest[key].file).filter((file) => file.endsWith(".js"));
const all = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".js") && !file.includes("pyodide"),
);

const sum = (files) => files.reduce((total, file) => total + kb(file), 0);
for (const file of [...all].sort((a, b) => kb(b) - kb(a)).slice(0, 8)) {
  console.log(`${kb(file).toFixed(1).padStart(8)} kB  ${file}`);
}
const measured = [
  ["loaded first", sum(first), FIRST_KB_MAX],
  ["all", sum(all), allKbMax],
];
for (const [what, size, limit] of measured) console.log(`${what}: ${size.toFixed(1)} of ${limit} kB (gzip)`);
process.exitCode = measured.some(([, size, limit]) => size > limit) ? 1 : 0;
