import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function NotificationsPage() {
  return (
    <>
      <PageHeader
        title="Notifications"
        description="What was told to whom, with every delivery and every attempt."
      />
      <EmptyState title="There are no notifications" />
    </>
  );
}
