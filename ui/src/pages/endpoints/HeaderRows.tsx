import { Button, Input, Stack, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";

import { RemoveRow } from "@/shared/RemoveRow";

import { canAddHeader, type HeaderDraft } from "./draft";
import classes from "./endpoints.module.css";
import { headerProblem } from "./problems";

/** Headers of the client's own, such as Authorization. */
export function HeaderRows({
  headers,
  onChange,
  problemOf,
  isChecked,
}: {
  headers: HeaderDraft[];
  onChange: (headers: HeaderDraft[]) => void;
  /** What the platform found. */
  problemOf: (header: HeaderDraft) => string | undefined;
  /** Whether what is wrong is told. */
  isChecked: boolean;
}) {
  const change = (key: number, part: Partial<HeaderDraft>) =>
    onChange(headers.map((header) => (header.key === key ? { ...header, ...part } : header)));
  const add = () =>
    onChange([...headers, { key: 1 + Math.max(-1, ...headers.map(({ key }) => key)), name: "", value: "" }]);
  return (
    <div role="group" aria-label="Headers">
      <Input.Label component="div">Headers</Input.Label>
      <Input.Description mb={6}>
        Sent with each request, e.g. Authorization. Everybody who may read the rules can read them.
      </Input.Description>
      <Stack gap="xs" align="stretch">
        {headers.map((header, place) => (
          <div key={header.key} className={classes.header}>
            <TextInput
              aria-label={`Name of header ${place + 1}`}
              placeholder="Name"
              autoComplete="off"
              spellCheck={false}
              value={header.name}
              onChange={(event) => change(header.key, { name: event.currentTarget.value })}
              error={(isChecked ? headerProblem(header, headers) : null) ?? problemOf(header)}
            />
            <TextInput
              aria-label={`Value of header ${place + 1}`}
              placeholder="Value"
              autoComplete="off"
              spellCheck={false}
              value={header.value}
              onChange={(event) => change(header.key, { value: event.currentTarget.value })}
            />
            <RemoveRow
              what={`header ${place + 1}`}
              onRemove={() => onChange(headers.filter(({ key }) => key !== header.key))}
            />
          </div>
        ))}
        {canAddHeader(headers) && (
          <Button
            variant="default"
            size="xs"
            w="fit-content"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={add}
          >
            Add header
          </Button>
        )}
      </Stack>
    </div>
  );
}
