import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./global.css";

import { MantineProvider, localStorageColorSchemeManager } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { RouterProvider } from "react-router";

import { makeApi } from "@/api/client";
import { makeQueryClient } from "@/api/queries";
import type { Platform } from "@/platform/platform";

import { ConnectionContext } from "./context";
import { makeRouter } from "./routes";
import { cssVariables, theme } from "./theme";

const colorSchemes = localStorageColorSchemeManager({ key: "alerting-color-scheme" });

/** Everything, on one platform. */
export function App({ platform }: { platform: Platform }) {
  const connection = useMemo(() => ({ platform, api: makeApi(platform) }), [platform]);
  const queries = useMemo(() => makeQueryClient(), []);
  const router = useMemo(() => makeRouter(platform), [platform]);

  // What one key has seen is not for the next one.
  useEffect(
    () =>
      platform.signIn?.subscribe(() => {
        queries.clear();
      }),
    [platform, queries],
  );

  // Nor is what one simulated run has seen for the next one.
  useEffect(() => {
    const { simulation } = platform;
    if (simulation === undefined) return;
    let { generation } = simulation.state().snapshot;
    return simulation.subscribe(() => {
      const { generation: now } = simulation.state().snapshot;
      if (now !== generation) void queries.resetQueries();
      generation = now;
    });
  }, [platform, queries]);

  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={colorSchemes}
      defaultColorScheme="auto"
      // Without transitions: a simulated browser has none.
      env={import.meta.env.MODE === "test" ? "test" : "default"}
    >
      <Notifications position="bottom-right" limit={4} />
      <QueryClientProvider client={queries}>
        <ConnectionContext value={connection}>
          <RouterProvider router={router} />
        </ConnectionContext>
      </QueryClientProvider>
    </MantineProvider>
  );
}
