import { Button, Checkbox, Group, Paper, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { ReactNode } from "react";
import { Link } from "react-router";

import { ProblemError } from "@/api/problem";
import { useCaller } from "@/app/caller";
import { Choice } from "@/shared/Choice";
import { ClientPicker } from "@/shared/ClientPicker";
import { ErrorState } from "@/shared/ErrorState";
import { NoteField } from "@/shared/NoteField";
import { DESCRIPTION_CHARS_MAX } from "@/shared/notes";
import { WarningNote } from "@/shared/WarningNote";

import { CatchesField } from "./CatchesField";
import {
  ALL_ANY,
  catchesMore,
  CHECKS,
  isAllAny,
  NAME_SHOWN_CHARS_MAX,
  RULE_SEVERITIES,
  type RuleDraft,
} from "./draft";
import { PatternField } from "./PatternField";
import { Preview } from "./Preview";
import classes from "./rules.module.css";
import { useSeen } from "./use-seen";

/** Writes a rule, and shows beside it what it would have matched. Mount it anew for another rule. */
export function RuleEditor({
  initial,
  isNew,
  submit,
  onSubmit,
  isBusy,
  error,
  notice,
  more,
  cancelTo,
}: {
  initial: RuleDraft;
  /** Only of a new rule the client can be chosen. */
  isNew: boolean;
  submit: string;
  onSubmit: (draft: RuleDraft) => void;
  isBusy: boolean;
  error: Error | null;
  /** In the place of the error, where the page knows more about it. */
  notice?: ReactNode;
  more?: ReactNode;
  cancelTo: string;
}) {
  const caller = useCaller();
  const seen = useSeen();
  const picksClient = isNew && caller.isOperator;
  const form = useForm<RuleDraft>({
    initialValues: initial,
    validate: {
      ...CHECKS,
      client_id: (value) => (picksClient && value === null ? "Choose whose rule it is" : null),
    },
  });
  const draft = form.values;
  const allAny = isAllAny(draft);
  const refused = (path: string) => (error instanceof ProblemError ? error.at(path) : undefined);
  const send = form.onSubmit(
    (values) => {
      if (!isAllAny(values)) onSubmit(values);
    },
    (errors) => {
      const first = ["client_id", ...Object.keys(CHECKS)].find((path) => errors[path] !== undefined);
      if (first !== undefined) form.getInputNode(first)?.focus();
    },
  );
  return (
    <div className={classes.editor}>
      <Paper component="form" onSubmit={send} noValidate aria-label={submit}>
        <Stack gap="md">
          {picksClient && (
            <ClientPicker
              label="Client"
              required
              value={draft.client_id}
              onChange={(clientId) => form.setFieldValue("client_id", clientId)}
              error={asText(form.errors.client_id) ?? refused("client_id")}
            />
          )}
          {(caller.isOperator || catchesMore(draft.catches)) && (
            <CatchesField draft={draft} onChange={(changed) => form.setValues(changed)} />
          )}
          {!catchesMore(draft.catches) && (
            <>
              <Choice
                label="Severity"
                description={
                  draft.severity === "*"
                    ? "Any: alerts of every severity, and those whose severity is not known."
                    : "Only alerts of exactly this severity, not those above it."
                }
                required
                data={RULE_SEVERITIES}
                value={draft.severity}
                onChange={(severity) => form.setFieldValue("severity", severity)}
              />
              <PatternField
                label="Source"
                description="The system that reports. Compared letter by letter; * alone is any source."
                seen={seen.sources}
                error={form.errors.source ?? refused("source")}
                path="source"
                value={draft.source}
                onChange={(source) => form.setFieldValue("source", source)}
              />
              <PatternField
                label="Name"
                description="What happened. Compared letter by letter; * alone is any name."
                seen={seen.names}
                error={form.errors.name ?? refused("name")}
                path="name"
                value={draft.name}
                onChange={(name) => form.setFieldValue("name", name)}
              />
            </>
          )}
          {allAny && (
            <WarningNote title="This would match everything">
              <Text size="sm">
                {ALL_ANY}
                {caller.isOperator && " Or let the rule catch everything, above."}
              </Text>
            </WarningNote>
          )}
          <NoteField
            label="Shown as"
            says="What people call it, in the place of what it matches."
            charsMax={NAME_SHOWN_CHARS_MAX}
            oneLine
            value={draft.name_shown}
            onChange={(called) => form.setFieldValue("name_shown", called)}
            error={form.errors.name_shown ?? refused("name_shown")}
            path="name_shown"
          />
          <NoteField
            label="Description"
            says="What it is for, for people alone."
            charsMax={DESCRIPTION_CHARS_MAX}
            value={draft.description}
            onChange={(description) => form.setFieldValue("description", description)}
            error={form.errors.description ?? refused("description")}
            path="description"
          />
          <Checkbox
            label="Enabled"
            description="A disabled rule is kept, and never matches."
            checked={draft.enabled}
            onChange={(event) => form.setFieldValue("enabled", event.currentTarget.checked)}
          />
          {more}
          {notice ?? (error !== null && <ErrorState error={error} />)}
          <Group justify="flex-end" gap="xs">
            <Button component={Link} to={cancelTo} variant="default">
              Cancel
            </Button>
            <Button type="submit" loading={isBusy} disabled={allAny}>
              {submit}
            </Button>
          </Group>
        </Stack>
      </Paper>
      <Preview pattern={draft} />
    </div>
  );
}

function asText(error: ReactNode): string | undefined {
  return typeof error === "string" ? error : undefined;
}
