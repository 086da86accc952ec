import { Checkbox, TextInput } from "@mantine/core";
import type { ReactNode } from "react";

/** The secret that a webhook is to sign with: null is one that the platform makes. */
export function SecretField({
  secret,
  onChange,
  error,
}: {
  secret: string | null;
  onChange: (secret: string | null) => void;
  error: ReactNode;
}) {
  return (
    <div>
      <Checkbox
        label="I have a signing secret of my own"
        description="Otherwise one is made, and shown once."
        checked={secret !== null}
        onChange={(event) => onChange(event.currentTarget.checked ? "" : null)}
      />
      {secret !== null && (
        <TextInput
          mt="xs"
          label="Signing secret"
          placeholder="whsec_…"
          required
          autoComplete="off"
          spellCheck={false}
          data-path="secret"
          value={secret}
          onChange={(event) => onChange(event.currentTarget.value)}
          error={error}
        />
      )}
    </div>
  );
}
