import { Badge, Button, Group, Modal, Stack, Table, Text } from "@mantine/core";

import classes from "./ConflictDialog.module.css";
import { ErrorState } from "./ErrorState";
import { HostileText } from "./HostileText";
import { TimeAgo } from "./TimeAgo";

/** One field in its three versions. */
export interface ComparedField {
  label: string;
  seen: string;
  theirs: string;
  /** What it would be after one's own change. */
  mine: string;
}

/** Somebody changed it since it was read: shows field by field what differs, and leaves the choice. */
export function ConflictDialog({
  opened,
  what,
  changedAt,
  fields,
  insist,
  onInsist,
  onTakeTheirs,
  onClose,
  isBusy = false,
  error = null,
}: {
  opened: boolean;
  /** What was changed, e.g. "rule". */
  what: string;
  changedAt: string | undefined;
  fields: readonly ComparedField[];
  /** The button that does it all the same, e.g. "Save mine over it". */
  insist: string;
  onInsist: () => void;
  onTakeTheirs: () => void;
  onClose: () => void;
  isBusy?: boolean;
  error?: Error | null;
}) {
  const differing = fields.filter(({ seen, theirs, mine }) => theirs !== seen || mine !== seen);
  const rest = fields.length - differing.length;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={`Somebody else has changed this ${what}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="md">
        <Text size="sm">
          Nothing of yours has been saved. The {what} was changed{" "}
          {changedAt === undefined ? "" : <TimeAgo at={changedAt} />}, after this page had read it. Compare,
          and choose which version stays.
        </Text>
        {differing.length > 0 && (
          <Table className={classes.table} aria-label="What differs" role="table">
            <Table.Thead role="rowgroup">
              <Table.Tr role="row">
                <Table.Th role="columnheader">Field</Table.Th>
                <Table.Th role="columnheader">As you saw it</Table.Th>
                <Table.Th role="columnheader">Theirs, now</Table.Th>
                <Table.Th role="columnheader">Yours</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody role="rowgroup">
              {differing.map((field) => (
                <Table.Tr
                  key={field.label}
                  role="row"
                  data-differs={field.theirs !== field.mine || undefined}
                >
                  <Table.Th scope="row" role="rowheader">
                    {field.label}
                  </Table.Th>
                  <Table.Td role="cell" data-label="As you saw it">
                    <Value text={field.seen} />
                  </Table.Td>
                  <Table.Td role="cell" data-label="Theirs, now">
                    <Value text={field.theirs} isChanged={field.theirs !== field.seen} />
                  </Table.Td>
                  <Table.Td role="cell" data-label="Yours">
                    <Value text={field.mine} isChanged={field.mine !== field.seen} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        {rest > 0 && (
          <Text size="xs" c="dimmed">
            {differing.length === 0 ? "All fields" : "All other fields"} are the same in each version.
          </Text>
        )}
        {error !== null && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="subtle" color="gray" onClick={onClose}>
            Decide later
          </Button>
          <Button variant="default" onClick={onInsist} loading={isBusy}>
            {insist}
          </Button>
          <Button onClick={onTakeTheirs} data-autofocus>
            Take theirs
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Value({ text, isChanged = false }: { text: string; isChanged?: boolean }) {
  return (
    <Group gap={6} wrap="wrap">
      <HostileText text={text} chars={120} mono />
      {isChanged && (
        <Badge size="xs" color="gray" variant="outline" tt="none" c="dimmed">
          changed
        </Badge>
      )}
    </Group>
  );
}
