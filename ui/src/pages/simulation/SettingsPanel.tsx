import { Button, Checkbox, Fieldset, Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import type { Settings } from "@/platform/session";
import type { SimulationRefusal } from "@/platform/simulation";
import { toastDone, toastError } from "@/shared/toasts";

import classes from "./panels.module.css";
import { NumberSetting } from "./NumberSetting";
import { DISTRIBUTIONS, FIXED, LIVE } from "./settings-fields";
import { asError, distinct, useAct, useControl, useSimulated } from "./use-simulation";

const settingsNow = distinct((state) => state.snapshot.settings);
const SEED_MAX = Number.MAX_SAFE_INTEGER;
const RATES = [0, 20, 200, 2_000, 10_000];

/** How the platform is set up and what it has to do. */
export function SettingsPanel() {
  const control = useControl();
  const act = useAct();
  const settings = useSimulated(settingsNow);
  const { ranges } = control.defaults;
  const set = (changed: Partial<Settings>) => void act({ do: "set", settings: changed });
  return (
    <Stack gap="md">
      <Text size="xs" c="dimmed">
        These apply at once, while it runs.
      </Text>
      {LIVE.map(({ title, fields }) => (
        <Fieldset key={title} legend={title} className={classes.fieldset}>
          <div className={classes.fields}>
            {fields.map((field) => (
              <NumberSetting
                key={field.name}
                field={field}
                value={settings[field.name]}
                range={ranges[field.name]}
                onTake={(value) => set({ [field.name]: value })}
              />
            ))}
          </div>
          {title === "Traffic" && (
            <>
              <Group gap={6} mt="xs">
                {RATES.map((rate) => (
                  <Button
                    key={rate}
                    size="compact-xs"
                    variant={settings.alerts_per_s === rate ? "filled" : "default"}
                    aria-pressed={settings.alerts_per_s === rate}
                    aria-label={`${rate.toLocaleString("en")} alerts a second`}
                    onClick={() => set({ alerts_per_s: rate })}
                  >
                    {rate.toLocaleString("en")}
                  </Button>
                ))}
              </Group>
              <Stack gap={6} mt="xs">
                {DISTRIBUTIONS.map(({ name, label }) => (
                  <Distribution
                    key={`${name} ${settings[name]}`}
                    label={label}
                    value={settings[name]}
                    onTake={(value) => act({ do: "set", settings: { [name]: value } })}
                  />
                ))}
              </Stack>
            </>
          )}
        </Fieldset>
      ))}
      <FixedSettings />
    </Stack>
  );
}

/** "HIGH:60,LOW:40": taken when the field is left; a refusal is said, and what was typed stays. */
function Distribution({
  label,
  value,
  onTake,
}: {
  label: string;
  value: string;
  onTake: (value: string) => Promise<boolean>;
}) {
  const [text, setText] = useState(value);
  const [isRefused, setRefused] = useState(false);
  const take = async () => {
    if (text !== value) setRefused(!(await onTake(text)));
  };
  return (
    <TextInput
      size="xs"
      label={label}
      value={text}
      error={
        isRefused ? "Not taken. Write values with weights that sum to 100, e.g. HIGH:60,LOW:40" : undefined
      }
      onChange={(event) => {
        setText(event.currentTarget.value);
        setRefused(false);
      }}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") void take();
      }}
    />
  );
}

/** What takes a new run: seed, partitions and the made-up world. */
function FixedSettings() {
  const control = useControl();
  const settings = useSimulated(settingsNow);
  const seed = useSimulated((state) => state.snapshot.seed);
  const [changed, setChanged] = useState<Partial<Settings> & { seed?: number }>({});
  const [isBusy, setBusy] = useState(false);
  const { seed: newSeed = seed, ...newSettings } = changed;

  const start = async (withSeed: number) => {
    setBusy(true);
    try {
      const { scenario } = control.state();
      await control.start({
        ...scenario,
        seed: withSeed,
        settings: { ...settings, ...newSettings },
        script: [],
      });
      setChanged({});
      toastDone("Started anew");
    } catch (error) {
      toastError(firstProblem(asError(error)));
    } finally {
      setBusy(false);
    }
  };
  const replay = async () => {
    setBusy(true);
    try {
      await control.start(await control.share());
      toastDone("Runs again from the beginning, with all that was done to it");
    } catch (error) {
      toastError(asError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Fieldset legend="For a new run" className={classes.fieldset}>
      <Text size="xs" c="dimmed" mb={6}>
        These belong to a run from its beginning to its end: “Restart” begins a new one with them. Clients,
        rules and faults of this run are gone then.
      </Text>
      <div className={classes.fields}>
        <NumberInput
          label="Seed"
          size="xs"
          value={newSeed}
          min={0}
          max={SEED_MAX}
          allowDecimal={false}
          hideControls
          onChange={(value) => setChanged({ ...changed, seed: Number(value) })}
        />
        {FIXED.map((field) => (
          <NumberSetting
            key={field.name}
            field={field}
            value={changed[field.name] ?? settings[field.name]}
            range={control.defaults.ranges[field.name]}
            onTake={(value) => setChanged({ ...changed, [field.name]: value })}
          />
        ))}
      </div>
      <Checkbox
        mt="xs"
        size="xs"
        label="Evaluators take rules from Redis, not from Postgres"
        checked={changed.rule_distribution ?? settings.rule_distribution}
        onChange={(event) => setChanged({ ...changed, rule_distribution: event.currentTarget.checked })}
      />
      <Group gap="xs" mt="sm">
        <Button size="xs" loading={isBusy} onClick={() => start(newSeed)}>
          Restart
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={isBusy}
          onClick={() => start(Math.floor(Math.random() * 1_000_000))}
        >
          New seed
        </Button>
        <Button size="xs" variant="default" disabled={isBusy} onClick={replay}>
          Replay this run
        </Button>
      </Group>
      {Object.keys(changed).length > 0 && (
        <Text size="xs" mt={6} role="status">
          Changed settings wait for “Restart”.
        </Text>
      )}
    </Fieldset>
  );
}

function firstProblem(error: Error): Error {
  const [first] = (error as Partial<SimulationRefusal>).problems ?? [];
  return first === undefined ? error : new Error(`${first.path}: ${first.detail}`);
}
