import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function RulesPage() {
  return (
    <>
      <PageHeader
        title="Rules"
        description="What clients want to be told about: severity, source and name, each of them exact or any."
      />
      <EmptyState title="There are no rules" />
    </>
  );
}
