import { Anchor } from "@mantine/core";
import { Link } from "react-router";

import type { Endpoint } from "@/api/types";
import { ruleTitle } from "@/pages/rules/draft";
import { useRule } from "@/pages/rules/useRule";
import { OneLine } from "@/shared/HostileText";

const KEPT_MS = 30_000;

/** The rule that an endpoint belongs to, by what it matches. */
export function RuleLink({ endpoint }: { endpoint: Pick<Endpoint, "rule_id"> }) {
  const { data: rule } = useRule(endpoint.rule_id, { staleTime: KEPT_MS });
  return (
    <Anchor component={Link} to={`/rules/${endpoint.rule_id}`} size="sm" display="block" miw={0}>
      <OneLine text={rule === undefined ? `Rule ${endpoint.rule_id.slice(0, 8)}` : ruleTitle(rule, 40)} />
    </Anchor>
  );
}
