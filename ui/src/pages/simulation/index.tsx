import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

export default function SimulationPage() {
  return (
    <>
      <PageHeader
        title="Simulation"
        description="The platform in this browser tab: play, pause, hurry and hurt it."
      />
      <EmptyState title="The simulation has not begun" />
    </>
  );
}
