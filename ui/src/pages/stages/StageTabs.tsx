import { UnstyledButton } from "@mantine/core";

import { StatusBadge } from "@/shared/badges";
import { stageLabel } from "@/shared/stages";

import type { Shown } from "./expected";
import classes from "./stages.module.css";

/** Chooses the stage that is looked at; each says how it is. */
export function StageTabs({
  stages,
  chosen,
  onChoose,
}: {
  stages: readonly Shown[];
  chosen: string;
  onChoose: (stage: string) => void;
}) {
  return (
    <ul className={classes.tabs} aria-label="Stages">
      {stages.map(({ stage, summary }) => (
        <li key={stage}>
          <UnstyledButton
            className={classes.tab}
            aria-pressed={stage === chosen}
            onClick={() => onChoose(stage)}
          >
            <span>{stageLabel(stage)}</span>
            <StatusBadge status={summary?.state ?? "silent"} />
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}
