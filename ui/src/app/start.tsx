import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import type { Backend } from "@/backend/backend";

import { App } from "./App";

/** Puts the pages into the document, on the platform that *backend* leads to. */
export function start(backend: Backend): void {
  const root = document.getElementById("root");
  if (root === null) throw new Error("the document has no #root");
  createRoot(root).render(
    <StrictMode>
      <App backend={backend} />
    </StrictMode>,
  );
}
