import { Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";

import { countChars } from "./notes";

/** A field for text that is for people alone, in one line or in some; says how much of it there may be. */
export function NoteField({
  says,
  charsMax,
  oneLine = false,
  onChange,
  path,
  ...field
}: {
  label: string;
  /** What it is for. */
  says: string;
  charsMax: number;
  oneLine?: boolean;
  value: string;
  onChange: (value: string) => void;
  error: ReactNode;
  path: string;
}) {
  const props = {
    ...field,
    description: `${says} ${countChars(field.value)} of ${charsMax} characters.`,
    inputWrapperOrder: ["label" as const, "input" as const, "description" as const, "error" as const],
    autoComplete: "off",
    "data-path": path,
    dir: "auto",
  };
  if (oneLine) return <TextInput {...props} onChange={(event) => onChange(event.currentTarget.value)} />;
  return (
    <Textarea
      {...props}
      rows={3}
      resize="vertical"
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
