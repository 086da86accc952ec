import { Box, Button, Group, Text, Textarea } from "@mantine/core";

import { Bars } from "@/shared/Bars";
import { OneLine } from "@/shared/HostileText";

import { readDistribution, scaled, WEIGHTS_SUM } from "./distribution";
import classes from "./generator.module.css";

const BARS_MAX = 12;

/** Writes a distribution, and shows it as bars while one types. */
export function DistributionField({
  label,
  allowed,
  value,
  onChange,
  refused,
}: {
  label: string;
  /** The only values there may be. */
  allowed?: readonly string[];
  value: string;
  onChange: (text: string) => void;
  /** What the platform has said about it. */
  refused: string | undefined;
}) {
  const { entries, sum, problems } = readDistribution(value, allowed);
  const [first] = problems;
  const canScale = problems.length === 1 && entries.length > 0 && sum !== WEIGHTS_SUM;
  return (
    <div>
      <Textarea
        label={label}
        description="value:weight, separated by commas; the weights sum to 100."
        rows={2}
        spellCheck={false}
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value.replaceAll("\n", ""))}
        error={first ?? refused}
        classNames={{ input: classes.mono }}
      />
      <Box mt={8}>
        <Bars
          label="Shares"
          isDense
          bars={entries.slice(0, BARS_MAX).map(({ value: name, weight }) => ({
            id: name,
            name: <OneLine text={name} />,
            share: weight,
            figure: `${weight}%`,
          }))}
        />
      </Box>
      <Group justify="space-between" gap="xs" mih={28}>
        <Text size="xs" c="dimmed" className="tabular" aria-live="polite">
          {entries.length > BARS_MAX && `and ${entries.length - BARS_MAX} more; `}
          {`Sum ${sum} of ${WEIGHTS_SUM}`}
        </Text>
        {canScale && (
          <Button variant="subtle" size="compact-xs" mih={28} onClick={() => onChange(scaled(entries))}>
            Scale to 100
          </Button>
        )}
      </Group>
    </div>
  );
}
