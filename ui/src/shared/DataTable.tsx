import { Button, Group, Paper, Skeleton, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";

import type { Pages } from "@/api/queries";

import classes from "./DataTable.module.css";
import { ErrorState } from "./ErrorState";

/**
 * Where a value stands on phones, where a row is two lines as a rule:
 *
 * - `title`: the first line, as wide as there is room.
 * - `beside`: at the end of the first line.
 * - `text`: the second line, cut where there is no room; the default.
 * - `whole`: the second line, never cut: badges, times, switches.
 * - `figure`: the same with its label, for what says nothing without one.
 * - `line`: a line of its own.
 * - `left-out`: nowhere; the page of the thing has it.
 */
export type OnPhone = "title" | "beside" | "text" | "whole" | "figure" | "line" | "left-out";

/** One column; on phones one value in the two lines of a row. */
export interface Column<Item> {
  /** Heading. */
  label: string;
  cell: (item: Item) => ReactNode;
  /** Share of the width, e.g. "30%" or 120. */
  width?: number | string;
  align?: "left" | "right";
  onPhone?: OnPhone;
  /** For columns of buttons: the heading is read, not seen. */
  hideLabel?: boolean;
}

/**
 * A list of any length: a table on wide screens, two lines a row on phones, read page by page.
 *
 * Loading, error and empty states are part of it. Cells link by themselves (`<Anchor component={Link}>`): a row that is
 * pressed as a whole cannot be reached by keyboards.
 */
export function DataTable<Item>({
  label,
  pages,
  columns,
  rowKey,
  empty,
}: {
  /** What is listed, for screen readers. */
  label: string;
  pages: Pages<Item>;
  columns: readonly Column<Item>[];
  rowKey: (item: Item) => string;
  /** An `EmptyState`. */
  empty: ReactNode;
}) {
  if (pages.isPending) return <Waiting label={label} columns={columns.length} />;
  if (pages.isError && pages.items.length === 0) {
    return <ErrorState error={pages.error} onRetry={() => pages.refetch()} />;
  }
  if (pages.items.length === 0) return empty;
  return (
    <>
      <ItemTable
        label={label}
        items={pages.items}
        columns={columns}
        rowKey={rowKey}
        isBusy={pages.isFetching}
      />
      <More pages={pages} />
    </>
  );
}

/** The table alone, of items that are there already. */
export function ItemTable<Item>({
  label,
  items,
  columns,
  rowKey,
  isBusy = false,
}: {
  label: string;
  items: readonly Item[];
  columns: readonly Column<Item>[];
  rowKey: (item: Item) => string;
  isBusy?: boolean;
}) {
  return (
    <Paper p={0} className={classes.frame} aria-busy={isBusy}>
      <Table className={classes.table} aria-label={label} highlightOnHover layout="fixed" role="table">
        <Table.Thead role="rowgroup">
          <Table.Tr role="row">
            {columns.map((column) => (
              <Table.Th key={column.label} role="columnheader" w={column.width} ta={column.align ?? "left"}>
                {column.hideLabel === true ? (
                  <span className="visually-hidden">{column.label}</span>
                ) : (
                  column.label
                )}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody role="rowgroup">
          {items.map((item) => (
            <Table.Tr key={rowKey(item)} role="row">
              {columns.map((column) => (
                <Table.Td
                  key={column.label}
                  role="cell"
                  ta={column.align ?? "left"}
                  data-label={column.label}
                  data-phone={column.onPhone ?? "text"}
                >
                  {column.cell(item)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function More<Item>({ pages }: { pages: Pages<Item> }) {
  const count = pages.items.length.toLocaleString("en");
  return (
    <Group justify="space-between" mt="xs" mih={30}>
      <Text size="xs" c="dimmed" aria-live="polite">
        {pages.hasNextPage ? `${count} shown, there are more` : `${count} in all`}
      </Text>
      {pages.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          loading={pages.isFetchingNextPage}
          onClick={() => pages.fetchNextPage()}
        >
          Load more
        </Button>
      )}
      {pages.isError && <ErrorState error={pages.error} onRetry={() => pages.refetch()} />}
    </Group>
  );
}

function Waiting({ label, columns }: { label: string; columns: number }) {
  return (
    <Paper p={0} role="status" aria-label={`Loading ${label}`}>
      {Array.from({ length: 6 }, (_, row) => (
        <div key={row} className={classes.waiting}>
          {Array.from({ length: columns }, (_, column) => (
            <Skeleton key={column} height={12} width={`${55 + ((row * 7 + column * 13) % 35)}%`} />
          ))}
        </div>
      ))}
    </Paper>
  );
}
