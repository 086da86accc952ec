import type { Notification, NotificationDetail } from "@/api/types";
import { renderIn } from "@/testing/render";
import { problem, TestPlatform } from "@/testing/TestPlatform";

import NotificationsPage from "./index";

export const me = (allowed: string[]) => () => ({
  name: "test",
  key_id: "k",
  is_operator: allowed.includes("admin"),
  client_id: allowed.includes("admin") ? null : "acme",
  scopes: allowed,
  allowed,
});

export const OPERATOR = me([
  "admin",
  "alerts:write",
  "rules:read",
  "rules:write",
  "notifications:read",
  "notifications:resend",
]);

export function listed(items: () => Notification[]) {
  return new TestPlatform({
    "GET /api/v1/me": OPERATOR,
    "GET /api/v1/notifications": () => ({ items: items(), next_cursor: null }),
  });
}

export function lastQuery(platform: TestPlatform) {
  const asked = platform.asked.findLast(({ url }) => url.pathname === "/api/v1/notifications");
  return Object.fromEntries(asked?.url.searchParams ?? []);
}

export function detailed(
  detail: NotificationDetail,
  more: ConstructorParameters<typeof TestPlatform>[0] = {},
) {
  return new TestPlatform({
    "GET /api/v1/me": OPERATOR,
    "GET /api/v1/notifications/*": () => detail,
    "GET /api/v1/rules/*": () => problem(404, "not-found", "there is no such rule"),
    ...more,
  });
}

export function show(platform: TestPlatform, at = "/notifications") {
  return renderIn(<NotificationsPage />, { platform, at, path: "/notifications/*" });
}
