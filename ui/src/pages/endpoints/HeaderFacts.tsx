import { Button, Text } from "@mantine/core";
import { useState } from "react";

import { HostileText } from "@/shared/HostileText";

/** The headers of a webhook; their values are often credentials, so they are shown only when asked for. */
export function HeaderFacts({ headers }: { headers: Record<string, string> }) {
  const [isShown, setShown] = useState(false);
  const entries = Object.entries(headers);
  if (entries.length === 0) {
    return (
      <Text span size="sm" c="dimmed">
        none of its own
      </Text>
    );
  }
  return (
    <>
      {entries.map(([name, value]) => (
        <div key={name}>
          <HostileText text={`${name}: ${isShown ? value : "••••••"}`} mono />
        </div>
      ))}
      <Button
        variant="subtle"
        size="compact-xs"
        ml={-6}
        aria-pressed={isShown}
        onClick={() => setShown(!isShown)}
      >
        {isShown ? "Hide values" : "Show values"}
      </Button>
    </>
  );
}
