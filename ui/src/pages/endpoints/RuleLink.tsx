import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { ask } from "@/api/client";
import type { Endpoint } from "@/api/types";
import { useApi } from "@/app/context";
import { ruleTitle } from "@/pages/rules/draft";

const KEPT_MS = 30_000;

/** The rule that an endpoint belongs to, by what it matches. */
export function RuleLink({ endpoint }: { endpoint: Pick<Endpoint, "rule_id"> }) {
  const api = useApi();
  const { data: rule } = useQuery({
    queryKey: ["rules", "one", endpoint.rule_id],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/v1/rules/{rule_id}", { params: { path: { rule_id: endpoint.rule_id } }, signal })),
    staleTime: KEPT_MS,
  });
  return (
    <Anchor component={Link} to={`/rules/${endpoint.rule_id}`} size="sm" display="block" miw={0}>
      <Text span size="sm" lineClamp={2} inherit>
        {rule === undefined ? `Rule ${endpoint.rule_id.slice(0, 8)}` : ruleTitle(rule, 40)}
      </Text>
    </Anchor>
  );
}
