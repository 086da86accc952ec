import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { ask } from "@/api/client";
import { useApi } from "@/app/context";

/** The figures of the platform, read anew every *refreshMs*; pages that show them share what was read. */
export function useMetrics(refreshMs: number) {
  const api = useApi();
  return useQuery({
    queryKey: ["metrics"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/metrics", { signal })),
    refetchInterval: refreshMs,
    placeholderData: keepPreviousData,
  });
}
