import { queryOptions } from "@tanstack/react-query";

import { type Api, ask } from "@/api/client";

/** How one notification is read. */
export function notificationQuery(api: Api, notificationId: string) {
  return queryOptions({
    queryKey: ["notifications", notificationId],
    queryFn: ({ signal }) => {
      const params = { path: { notification_id: notificationId } };
      return ask(api.GET("/api/v1/notifications/{notification_id}", { params, signal }));
    },
  });
}
