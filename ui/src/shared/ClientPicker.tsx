import { CloseButton, Combobox, Loader, ScrollArea, TextInput, useCombobox } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { ask } from "@/api/client";
import { useApi } from "@/app/context";

import { OneLine } from "./HostileText";

const SHOWN = 20;

/** Names are longer than the field in a narrow header. */
const LIST_WIDTH_MIN = 280;

/** Chooses a client by searching all of them: there may be thousands, and the first hundred are no help. */
export function ClientPicker({
  value,
  onChange,
  label,
  hideLabel = false,
  placeholder = "Search for a client",
  clearLabel = "Show all clients",
  error,
  required = false,
  w,
}: {
  value: string | null;
  onChange: (clientId: string | null) => void;
  label: string;
  hideLabel?: boolean;
  placeholder?: string;
  /** What it means to choose none. */
  clearLabel?: string;
  error?: ReactNode;
  required?: boolean;
  w?: number | string;
}) {
  const api = useApi();
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      setText(null);
    },
  });
  // null: nobody is typing, and the field shows what is chosen.
  const [text, setText] = useState<string | null>(null);
  const [searched] = useDebouncedValue(text ?? "", 200);
  const found = useQuery({
    queryKey: ["clients", "search", searched],
    queryFn: ({ signal }) => {
      const query = { limit: SHOWN, text: searched === "" ? undefined : searched };
      return ask(api.GET("/api/v1/clients", { params: { query }, signal }));
    },
    enabled: combobox.dropdownOpened,
    placeholderData: (previous) => previous,
  });
  const clients = found.data?.items ?? [];

  return (
    <Combobox
      store={combobox}
      width={typeof w === "number" ? Math.max(w, LIST_WIDTH_MIN) : undefined}
      position="bottom-end"
      onOptionSubmit={(clientId) => {
        onChange(clientId);
        combobox.closeDropdown();
      }}
    >
      <Combobox.Target>
        <TextInput
          label={hideLabel ? undefined : label}
          aria-label={hideLabel ? label : undefined}
          placeholder={placeholder}
          w={w}
          required={required}
          withAsterisk={required}
          error={error}
          autoComplete="off"
          spellCheck={false}
          value={text ?? value ?? ""}
          onFocus={(event) => event.currentTarget.select()}
          onClick={() => combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
          onChange={(event) => {
            setText(event.currentTarget.value);
            combobox.openDropdown();
            combobox.updateSelectedOptionIndex();
          }}
          rightSection={
            found.isFetching && combobox.dropdownOpened ? (
              <Loader size={14} />
            ) : value !== null && !required ? (
              <CloseButton
                size="sm"
                aria-label={clearLabel}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => onChange(null)}
              />
            ) : (
              <Combobox.Chevron />
            )
          }
          rightSectionPointerEvents={value !== null && !required ? "all" : "none"}
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Options aria-label={label}>
          <ScrollArea.Autosize mah={280} type="scroll" scrollbars="y">
            {clients.map((client) => (
              <Combobox.Option
                key={client.client_id}
                value={client.client_id}
                active={client.client_id === value}
              >
                <OneLine
                  text={client.name === "" ? client.client_id : `${client.client_id} · ${client.name}`}
                />
              </Combobox.Option>
            ))}
            {clients.length === 0 && (
              <Combobox.Empty>
                {found.isPending ? "Searching…" : "No client has this in its name"}
              </Combobox.Empty>
            )}
            {found.data?.next_cursor != null && (
              <Combobox.Empty>There are more: type to find them</Combobox.Empty>
            )}
          </ScrollArea.Autosize>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
