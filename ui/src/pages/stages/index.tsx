import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function StagesPage() {
  return (
    <>
      <PageHeader title="Metrics" description="Rates, lag and errors of every stage over time." />
      <EmptyState title="Nothing was measured yet" />
    </>
  );
}
