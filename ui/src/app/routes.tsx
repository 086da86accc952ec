import type { ComponentType } from "react";
import { createBrowserRouter, createHashRouter, type RouteObject, useParams } from "react-router";

import type { Platform } from "@/platform/platform";

import { LoadingState } from "@/shared/LoadingState";

import { NotFound } from "./NotFound";
import { RouteError } from "./RouteError";
import { Shell } from "./Shell";

interface PageModule {
  default: ComponentType;
}

/** A page in a file of its own, which is loaded when somebody goes there. */
function page(path: string, load: () => Promise<PageModule>): RouteObject {
  return { path, lazy: async () => ({ Component: (await load()).default }), ErrorBoundary: RouteError };
}

/** For a page that has no paths of its own: whatever is below it is not found. */
function single({ default: Page }: PageModule): PageModule {
  return {
    default: function Single() {
      return useParams()["*"] === "" ? <Page /> : <NotFound />;
    },
  };
}

/** Pages have their own paths below these: `path/*` leaves what follows to the page. */
const pages: readonly RouteObject[] = [
  page("/", () => import("@/pages/overview")),
  page("/rules/*", () => import("@/pages/rules")),
  page("/endpoints/*", () => import("@/pages/endpoints")),
  page("/notifications/*", () => import("@/pages/notifications")),
  page("/explain/*", () => import("@/pages/explain")),
  page("/clients/*", () => import("@/pages/clients")),
  page("/generator/*", async () => single(await import("@/pages/generator"))),
  page("/stages/*", async () => single(await import("@/pages/stages"))),
  page("/dead-letters/*", () => import("@/pages/dead-letters")),
];

/** Left out of the build that a platform serves: nothing is simulated there. */
const simulation =
  import.meta.env.MODE === "production"
    ? []
    : [page("/simulation/*", async () => single(await import("@/pages/simulation")))];

function makeRoutes(platform: Platform): RouteObject[] {
  return [
    {
      Component: Shell,
      HydrateFallback: LoadingState,
      ErrorBoundary: RouteError,
      children: [
        {
          // Inside of the shell, so that a page that fails leaves the navigation standing.
          ErrorBoundary: RouteError,
          children: [
            ...pages,
            ...(platform.simulation === undefined ? [] : simulation),
            { path: "*", Component: NotFound },
          ],
        },
      ],
    },
  ];
}

/** The playground lies under any path of any site, with nobody there who would answer for other paths: its routes are
 * in the fragment. */
export function makeRouter(platform: Platform) {
  const routes = makeRoutes(platform);
  return platform.kind === "http" ? createBrowserRouter(routes) : createHashRouter(routes);
}
