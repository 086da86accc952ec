import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { render, type RenderResult } from "@testing-library/react";
import type { ReactNode } from "react";
import { createMemoryRouter, RouterProvider } from "react-router";

import { makeApi } from "@/api/client";
import { makeQueryClient } from "@/api/queries";
import { ConnectionContext } from "@/app/context";
import { ScopeProvider } from "@/app/scope";
import { theme } from "@/app/theme";
import type { Platform } from "@/platform/platform";

import { TestPlatform } from "./TestPlatform";

export interface Rendered extends RenderResult {
  /** Where the page has gone: `router.state.location`. */
  router: ReturnType<typeof createMemoryRouter>;
}

/** Renders a page or component with all that surrounds it in the application, at an address. */
export function renderIn(
  children: ReactNode,
  {
    platform = new TestPlatform({}),
    at = "/",
    path = "*",
  }: { platform?: Platform; at?: string; /** The route's own path, e.g. "/rules/*". */ path?: string } = {},
): Rendered {
  const router = createMemoryRouter([{ path, element: <ScopeProvider>{children}</ScopeProvider> }], {
    initialEntries: [at],
  });
  const rendered = render(
    <MantineProvider theme={theme} env="test">
      <Notifications />
      <QueryClientProvider client={makeQueryClient()}>
        <ConnectionContext value={{ platform, api: makeApi(platform) }}>
          <RouterProvider router={router} />
        </ConnectionContext>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...rendered, router };
}
