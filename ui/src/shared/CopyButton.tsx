import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconX } from "@tabler/icons-react";
import { useState } from "react";

type Outcome = "copied" | "failed" | null;

/** Copies a text, and says whether it did: a page that came over plain HTTP from another machine may not. */
export function CopyButton({ value, label = "Copy" }: { value: string; label?: string }) {
  const [outcome, setOutcome] = useState<Outcome>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setOutcome("copied");
    } catch {
      setOutcome("failed");
    }
    setTimeout(() => setOutcome(null), 1500);
  };
  const says = outcome === "copied" ? "Copied" : outcome === "failed" ? "Not allowed by the browser" : label;
  const Icon = outcome === "copied" ? IconCheck : outcome === "failed" ? IconX : IconCopy;
  return (
    <Tooltip label={says}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={says} onClick={copy}>
        <Icon size={15} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
