// Writes a gzip variant beside every text file of a build, so that no request has to wait for a compression.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BYTES_MIN = 1024; // Below, the headers weigh more than what is saved.
const folder = process.argv[2];

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|html|svg|json|txt|wasm)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const plain = readFileSync(path);
  if (plain.length >= BYTES_MIN) writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
}
