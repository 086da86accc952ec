import { Text } from "@mantine/core";

import type { Metrics } from "@/api/types";
import { type Column, ItemTable } from "@/shared/DataTable";
import { OneLine } from "@/shared/HostileText";

import classes from "./stages.module.css";

type Circuit = Metrics["circuits"][number];

/** Hosts that senders leave alone. */
export function Circuits({ circuits }: { circuits: readonly Circuit[] }) {
  return (
    <section aria-labelledby="circuits">
      <h2 id="circuits" className={classes.title}>
        Open circuits
      </h2>
      <Text size="sm" c="dimmed" mb="sm" maw={760}>
        A sender stops calling a host that keeps failing, so that it cannot hold up the others; after a while
        it tries one delivery. What waits for the host is sent once it answers.
      </Text>
      {circuits.length === 0 ? (
        <Text size="sm">None: every host is being called.</Text>
      ) : (
        <ItemTable
          label="Open circuits"
          items={circuits}
          columns={COLUMNS}
          rowKey={({ host, instance }) => `${host} ${instance}`}
        />
      )}
    </section>
  );
}

const COLUMNS: readonly Column<Circuit>[] = [
  { label: "Host", onPhone: "title", cell: ({ host }) => <OneLine text={host} mono /> },
  { label: "Sender", cell: ({ instance }) => <OneLine text={instance} mono /> },
  {
    label: "State",
    onPhone: "line",
    cell: ({ state }) => (state === "open" ? "Open: not called" : "Half open: one delivery is being tried"),
  },
];
