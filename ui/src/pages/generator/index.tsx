import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function GeneratorPage() {
  return (
    <>
      <PageHeader title="Generator" description="Made-up alerts, for load tests and demos." />
      <EmptyState title="No load is running" />
    </>
  );
}
