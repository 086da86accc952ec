import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function ExplainPage() {
  return (
    <>
      <PageHeader title="Explain" description="Why an alert did, or did not, notify a client." />
      <EmptyState title="Choose an alert" />
    </>
  );
}
