import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ask } from "@/api/client";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { ruleTitle } from "@/pages/rules/draft";

const SHOWN = 50;

/** Chooses a rule of the client in the header, by a part of its source or name. */
export function RulePicker({
  value,
  onChange,
  error,
}: {
  value: string | null;
  onChange: (ruleId: string | null) => void;
  error: string | null;
}) {
  const api = useApi();
  const { clientId } = useScope();
  const [text, setText] = useState("");
  const [searched] = useDebouncedValue(text, 250);
  const query = {
    client_id: clientId ?? undefined,
    limit: SHOWN,
    text: searched === "" ? undefined : searched,
  };
  const rules = useQuery({
    queryKey: ["rules", "picker", query],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/rules", { params: { query }, signal })),
    placeholderData: (previous) => previous,
  });
  const choices = (rules.data?.items ?? []).map((rule) => ({
    value: rule.rule_id,
    label: clientId === null ? `${ruleTitle(rule, 40)} (${rule.client_id})` : ruleTitle(rule, 40),
  }));
  return (
    <Select
      label="Rule"
      description="Whose notifications it is sent."
      inputWrapperOrder={["label", "input", "description", "error"]}
      placeholder="Search by source or name"
      required
      searchable
      // The platform has searched already.
      filter={({ options }) => options}
      onSearchChange={(typed) => {
        // A chosen rule is in the field as its title, which is nothing to search for.
        if (!choices.some(({ label }) => label === typed)) setText(typed);
      }}
      nothingFoundMessage="No rule has this in its source or name"
      data={choices}
      value={value}
      onChange={onChange}
      error={error}
    />
  );
}
