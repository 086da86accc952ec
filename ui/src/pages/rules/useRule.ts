import { useQuery } from "@tanstack/react-query";

import { ask } from "@/api/client";
import { useApi } from "@/app/context";

/** Reads one rule; whoever shows it shares one answer. */
export function useRule(ruleId: string, options: { enabled?: boolean; staleTime?: number } = {}) {
  const api = useApi();
  return useQuery({
    ...options,
    queryKey: ["rules", "one", ruleId],
    queryFn: ({ signal }) =>
      ask(api.GET("/api/v1/rules/{rule_id}", { params: { path: { rule_id: ruleId } }, signal })),
  });
}
