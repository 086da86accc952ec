import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function EndpointsPage() {
  return (
    <>
      <PageHeader
        title="Endpoints"
        description="Where clients want to be told: e-mail, Slack, or a signed webhook."
      />
      <EmptyState title="There are no endpoints" />
    </>
  );
}
