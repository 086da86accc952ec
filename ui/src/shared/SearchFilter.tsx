import { CloseButton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";

import { useFilter } from "./useFilter";

const WAIT_MS = 250;

/** A text to search for, which goes to the address once nobody types any more. */
export function SearchFilter({
  name,
  label,
  placeholder,
}: {
  name: string;
  label: string;
  placeholder: string;
}) {
  const [value, setValue] = useFilter(name);
  // null: nobody is typing, and the field shows what the address says.
  const [typed, setTyped] = useState<string | null>(null);
  const settle = useDebouncedCallback((text: string) => {
    setValue(text.trim());
    setTyped(null);
  }, WAIT_MS);
  const shown = typed ?? value ?? "";
  return (
    <TextInput
      type="search"
      label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={15} aria-hidden />}
      rightSection={
        shown !== "" && (
          <CloseButton
            size="sm"
            aria-label="Clear the search"
            onClick={() => {
              setTyped("");
              settle("");
            }}
          />
        )
      }
      maxLength={255}
      autoComplete="off"
      spellCheck={false}
      value={shown}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        settle(event.currentTarget.value);
      }}
    />
  );
}
