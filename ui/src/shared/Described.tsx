import { Text } from "@mantine/core";
import type { ReactNode } from "react";

import { OneLine } from "./HostileText";

/** What names a row of a table, and below it in one line what somebody wrote about it, where somebody did. */
export function Described({ by, children }: { by: string; children: ReactNode }) {
  return (
    <>
      {children}
      {by !== "" && (
        <Text component="div" size="xs" c="dimmed" miw={0}>
          <OneLine text={by} />
        </Text>
      )}
    </>
  );
}
