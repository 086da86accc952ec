import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The commit that is built; a build outside of a checkout is told by UI_COMMIT, or knows none. */
function commit(): string {
  const told = process.env.UI_COMMIT;
  if (told) return told;
  try {
    const line = execFileSync("git", ["-c", "safe.directory=*", "rev-parse", "--short=8", "HEAD"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return line.trim();
  } catch {
    return "";
  }
}

/** The core's version: the same core runs behind these pages, in a server or in the browser. */
function version(): string {
  const core = readFileSync(new URL("../core/pyproject.toml", import.meta.url), "utf8");
  return /^version = "([^"]+)"$/m.exec(core)?.[1] ?? "";
}

const proxied = process.env.ALERTING_URL ?? "http://127.0.0.1:8080";

/** `--mode playground` builds the same pages on a simulated platform, to be put under any path of any site. */
export default defineConfig(({ mode }) => {
  const isPlayground = mode === "playground";
  return {
    base: isPlayground ? "./" : "/",
    plugins: [react()],
    resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
    define: {
      __BUILD__: JSON.stringify({ version: version(), commit: commit() }),
    },
    build: {
      outDir: isPlayground ? "dist-playground" : "dist",
      emptyOutDir: true,
      assetsDir: isPlayground ? "assets" : "ui",
      target: "es2022",
      // These know light-dark(): what older ones get in its place does not see the scheme that a person chose.
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      manifest: true,
      // No module is put into the page as a data URL: the policy of the page allows scripts of its own host alone.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1_000, // scripts/budget.mjs has the limits that count.
      rolldownOptions: {
        input: isPlayground ? "playground.html" : "index.html",
        // What several pages have in common is one file: seventy small ones compress worse by 20 kB.
        output: {
          codeSplitting: {
            groups: [{ name: "controls", test: /node_modules|src\/shared/, minShareCount: 3 }],
          },
        },
      },
    },
    worker: { format: "es" },
    server: {
      host: "127.0.0.1",
      port: 5173,
      proxy: Object.fromEntries(
        ["/api", "/readyz", "/healthz", "/docs", "/openapi.json", "/demo", "/metrics"].map((path) => [
          path,
          proxied,
        ]),
      ),
    },
    test: {
      environment: "jsdom",
      setupFiles: ["src/testing/setup.ts"],
      include: ["src/**/*.test.{ts,tsx}"],
      css: false,
      restoreMocks: true,
      testTimeout: 60_000,
    },
  };
});
