import { Route, Routes } from "react-router";

import { NotFound } from "@/app/NotFound";

import { NotificationList } from "./NotificationList";
import { NotificationPage } from "./NotificationPage";

export default function NotificationsPage() {
  return (
    <Routes>
      <Route index element={<NotificationList />} />
      <Route path=":notificationId" element={<NotificationPage />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}
