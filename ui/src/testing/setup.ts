import "@testing-library/jest-dom/vitest";

import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);

// A loaded machine is slow, not wrong: what is waited for comes, or the test fails at its own limit.
configure({ asyncUtilTimeout: 30_000 });

const nothing = () => undefined;

// What the components ask of a browser, and the simulated one has not.
Object.assign(window, {
  matchMedia: (query: string) => ({
    matches: false,
    media: query,
    addListener: nothing,
    removeListener: nothing,
    addEventListener: nothing,
    removeEventListener: nothing,
  }),
  ResizeObserver: class {
    observe = nothing;
    unobserve = nothing;
    disconnect = nothing;
  },
  scrollTo: nothing,
});
Element.prototype.scrollIntoView = nothing;
