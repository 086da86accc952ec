import { Anchor, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { type Api, ask } from "@/api/client";
import { ProblemError } from "@/api/problem";
import type { Rule } from "@/api/types";
import { useApi } from "@/app/context";
import { WarningNote } from "@/shared/WarningNote";

import { ANY, type Pattern } from "./draft";

const PAGES_MAX = 5;

/** Whether the platform refused a rule because the client has the same one. */
export function isDuplicate(error: Error | null): boolean {
  return error instanceof ProblemError && error.code === "conflict" && error.status === 409;
}

/** The client has this very rule already: says so, and leads to it. */
export function DuplicateNotice({ pattern, clientId }: { pattern: Pattern; clientId: string | null }) {
  const api = useApi();
  const { data: existing } = useQuery({
    queryKey: ["rules", "same", clientId, pattern],
    queryFn: ({ signal }) => findSame(api, pattern, clientId, signal),
  });
  return (
    <WarningNote title="There is such a rule already">
      <Stack gap={4}>
        <Text size="sm">
          A client has each combination of severity, source and name once: a second one would tell nobody
          anything more. Add another endpoint to the existing rule instead, or change this one.
        </Text>
        {existing != null && (
          <>
            {!existing.enabled && <Text size="sm">The existing rule is disabled at present.</Text>}
            <Anchor component={Link} to={`/rules/${existing.rule_id}`} size="sm">
              Open the existing rule
            </Anchor>
          </>
        )}
      </Stack>
    </WarningNote>
  );
}

async function findSame(
  api: Api,
  pattern: Pattern,
  clientId: string | null,
  signal: AbortSignal,
): Promise<Rule | null> {
  const text = pattern.source === ANY ? pattern.name : pattern.source;
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const query = {
      client_id: clientId ?? undefined,
      severity: pattern.severity,
      catches: pattern.catches,
      text: text === ANY ? undefined : text,
      limit: 200,
      cursor,
    };
    const found = await ask(api.GET("/api/v1/rules", { params: { query }, signal }));
    const same = found.items.find(({ source, name }) => source === pattern.source && name === pattern.name);
    if (same !== undefined) return same;
    if (found.next_cursor === null) return null;
    cursor = found.next_cursor;
  }
  return null;
}
