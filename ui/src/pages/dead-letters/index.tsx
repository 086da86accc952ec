import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function DeadLettersPage() {
  return (
    <>
      <PageHeader
        title="Dead letters"
        description="Records that no stage could read, kept to be looked at and replayed."
      />
      <EmptyState title="There are no dead letters" />
    </>
  );
}
