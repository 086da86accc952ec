import { Button, Checkbox, Group, Paper, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { ReactNode } from "react";
import { Link } from "react-router";

import { ProblemError } from "@/api/problem";
import { Choice } from "@/shared/Choice";
import { ErrorState } from "@/shared/ErrorState";
import { NoteField } from "@/shared/NoteField";
import { DESCRIPTION_CHARS_MAX } from "@/shared/notes";

import { type EndpointDraft, type EndpointType, RESOLVED, TYPES } from "./draft";
import { problemsOf } from "./problems";
import { TargetFields } from "./TargetFields";

/** Writes an endpoint, with the fields of its type. Mount it anew for another endpoint. */
export function EndpointEditor({
  initial,
  isNew,
  submit,
  onSubmit,
  isBusy,
  error,
  before,
  cancelTo,
}: {
  initial: EndpointDraft;
  /** The type cannot change later, and secrets are rotated. */
  isNew: boolean;
  submit: string;
  onSubmit: (draft: EndpointDraft) => void;
  isBusy: boolean;
  error: Error | null;
  /** Fields that stand above. */
  before?: ReactNode;
  cancelTo: string;
}) {
  const form = useForm<EndpointDraft>({ initialValues: initial, validate: problemsOf });
  const draft = form.values;
  const refused = (path: string) => (error instanceof ProblemError ? error.at(path) : undefined);
  const send = form.onSubmit(onSubmit, (errors) => {
    const first = Object.keys(errors)[0];
    if (first !== undefined) form.getInputNode(first)?.focus();
  });
  return (
    <Paper component="form" onSubmit={send} noValidate aria-label={submit} maw={680}>
      <Stack gap="md">
        {before}
        {isNew && (
          <Choice
            label="Type"
            description={TYPES[draft.type].says}
            data={Object.entries(TYPES).map(([value, { label }]) => ({ value, label }))}
            value={draft.type}
            onChange={(type) => form.setFieldValue("type", type as EndpointType)}
          />
        )}
        <TargetFields form={form} isNew={isNew} refused={refused} />
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
          description="A disabled endpoint is kept, and nothing is sent to it."
          checked={draft.enabled}
          onChange={(event) => form.setFieldValue("enabled", event.currentTarget.checked)}
        />
        <Checkbox
          label="Tell when alerts are resolved"
          description={RESOLVED.says}
          checked={draft.send_resolved}
          onChange={(event) => form.setFieldValue("send_resolved", event.currentTarget.checked)}
        />
        {error !== null && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button component={Link} to={cancelTo} variant="default">
            Cancel
          </Button>
          <Button type="submit" loading={isBusy}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
