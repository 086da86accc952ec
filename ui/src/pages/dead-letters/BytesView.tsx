import { Box, Group, Paper, SegmentedControl, Text } from "@mantine/core";
import { useMemo, useState } from "react";

import type { DeadLetterDetail } from "@/api/types";
import { CopyButton } from "@/shared/CopyButton";
import { count } from "@/shared/figures";
import { HostileText } from "@/shared/HostileText";

import { bytesOf, hexLines, inBytes } from "./bytes";
import classes from "./dead-letters.module.css";

const SHOWN_CHARS = 4_000;
/** More than anybody reads, and as much as a page shows without becoming slow. */
const HEX_BYTES_MAX = 4_096;

/** Raw bytes: as text where they are text, and in hexadecimal. */
export function BytesView({ title, bytes }: { title: string; bytes: DeadLetterDetail["value"] }) {
  const hasText = bytes.text !== null;
  const [chosen, choose] = useState<"text" | "hex">(hasText ? "text" : "hex");
  return (
    <Paper component="section" aria-label={`${title}, raw`}>
      <Group justify="space-between" mb="xs" gap="xs">
        <Text component="h2" fw={600}>
          {title}{" "}
          <Text span c="dimmed" fw={400} size="sm" className="tabular">
            {`${inBytes(bytes.size)}${bytes.is_cut ? ", the beginning" : ""}`}
          </Text>
        </Text>
        <Group gap={4}>
          {hasText && (
            <SegmentedControl
              size="xs"
              aria-label={`Show the ${title.toLowerCase()} as`}
              value={chosen}
              onChange={choose}
              data={[
                { value: "text", label: "Text" },
                { value: "hex", label: "Bytes" },
              ]}
            />
          )}
          <CopyButton value={bytes.base64} label={`Copy the ${title.toLowerCase()} as base64`} />
        </Group>
      </Group>
      {bytes.size === 0 ? (
        <Text size="sm" c="dimmed">
          It is empty.
        </Text>
      ) : (
        <Box
          className={classes.bytes}
          role="region"
          aria-label={`Bytes of the ${title.toLowerCase()}`}
          tabIndex={0}
        >
          {chosen === "text" && bytes.text !== null ? (
            <HostileText text={bytes.text} chars={SHOWN_CHARS} mono size="xs" />
          ) : (
            <Hex base64={bytes.base64} />
          )}
        </Box>
      )}
    </Paper>
  );
}

function Hex({ base64 }: { base64: string }) {
  const bytes = useMemo(() => bytesOf(base64), [base64]);
  const lines = useMemo(() => hexLines(bytes.slice(0, HEX_BYTES_MAX)), [bytes]);
  return (
    <>
      <div className={classes.hex}>
        {lines.map((line) => [
          <span key={`${line.offset}-o`}>{line.offset}</span>,
          <span key={`${line.offset}-h`}>{line.hex}</span>,
          <span key={`${line.offset}-t`}>{line.text}</span>,
        ])}
      </div>
      {bytes.length > HEX_BYTES_MAX && (
        <Text size="xs" c="dimmed" mt="xs">
          The first {count(HEX_BYTES_MAX)} bytes. Copying takes all {count(bytes.length)} that were sent here.
        </Text>
      )}
    </>
  );
}
