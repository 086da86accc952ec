import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function ClientsPage() {
  return (
    <>
      <PageHeader
        title="Clients & keys"
        description="Who owns rules and notifications, and who may call the platform."
      />
      <EmptyState title="There are no clients" />
    </>
  );
}
