import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function OverviewPage() {
  return (
    <>
      <PageHeader
        title="Overview"
        description="How the platform is doing now: what fails, what waits, what goes through."
      />
      <EmptyState title="Nothing has happened yet" />
    </>
  );
}
