import { queryOptions } from "@tanstack/react-query";

import { type Api, ask } from "@/api/client";
import type { AlertRef } from "@/shared/alert-identity";

/** How one alert is read. */
export function alertQuery(api: Api, { alertId, owner }: AlertRef) {
  return queryOptions({
    queryKey: ["alerts", "one", alertId, owner],
    queryFn: ({ signal }) => {
      const params = { path: { alert_id: alertId }, query: { owner } };
      return ask(api.GET("/api/v1/alerts/{alert_id}", { params, signal }));
    },
  });
}
