import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import type { Platform } from "@/platform/platform";

import { App } from "./App";

/** Puts the pages into the document, with *platform* behind them. */
export function start(platform: Platform): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("the document has no #root");
  createRoot(root).render(
    <StrictMode>
      <App platform={platform} />
    </StrictMode>,
  );
}
