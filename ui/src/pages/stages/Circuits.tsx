import { Text } from "@mantine/core";

import type { Metrics } from "@/api/types";
import { type Column, ItemTable } from "@/shared/DataTable";
import { OneLine } from "@/shared/HostileText";

import classes from "./stages.module.css";

type Circuit = Metrics["circuits"][number];

/** Hosts, and targets of single clients, that senders leave alone. */
export function Circuits({ circuits }: { circuits: readonly Circuit[] }) {
  return (
    <section aria-labelledby="circuits">
      <h2 id="circuits" className={classes.title}>
        Open circuits
      </h2>
      <Text size="sm" c="dimmed" mb="sm" maw={760}>
        A sender stops calling a URL that keeps failing, and a host that several clients find silent; after a
        while it tries a few deliveries. What waits is sent once they are answered.
      </Text>
      {circuits.length === 0 ? (
        <Text size="sm">None: everything is being called.</Text>
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
  {
    label: "What",
    onPhone: "line",
    cell: ({ targets }) => (targets === 0 ? "The whole host" : `${targets} of its URLs`),
  },
  { label: "Sender", cell: ({ instance }) => <OneLine text={instance} mono /> },
  {
    label: "State",
    onPhone: "line",
    cell: ({ state }) => (state === "open" ? "Open: not called" : "Half open: being tried"),
  },
];
