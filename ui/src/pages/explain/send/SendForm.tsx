import { Button, Group, Paper, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconSend } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";

import { ask } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { useChange } from "@/api/queries";
import { ALERT_STATUSES, type AlertOutcome, type AlertStatus, SEVERITIES } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { explainPath } from "@/shared/alert-identity";
import { Choice } from "@/shared/Choice";
import { ClientPicker } from "@/shared/ClientPicker";
import { ErrorState } from "@/shared/ErrorState";
import { plainly } from "@/shared/HostileText";
import { toastDone } from "@/shared/toasts";
import { choicesOf } from "@/shared/words";

import { ContextFields } from "./ContextFields";
import { type AlertDraft, bodyOf, hasLife, labelProblems } from "./draft";

const NEEDED = "Fill this in";

/** What became of an alert that was sent. */
const WORDS: Record<AlertOutcome, string> = {
  event: "The alert was taken in",
  opened: "The alert fires",
  extended: "The alert still fires, and nobody is notified again",
  unchanged: "The alert still fires, and nobody is notified again",
  closed: "The alert is resolved",
  "still-firing": "The alert still fires: another sender says so",
  corrected: "The end of the alert was corrected",
  "not-open": "No alert with this key fires: there was nothing to resolve",
  "owner-gone": "The client that the alert was private to does not exist any more",
};

const STATUS_WORDS: Record<AlertStatus, string> = {
  firing: "It is resolved by itself when it is not sent again for some minutes.",
  resolved: "It ends the alert that fires under this key.",
};

/** The form; what the platform objects to is shown at the field that it objects to. */
export function SendForm({ draft }: { draft: AlertDraft }) {
  const api = useApi();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const caller = useCaller();
  const { clientId } = useScope();
  const ownerOfSent = (sent: AlertDraft) => caller.clientId ?? sent.clientId ?? "";
  const form = useForm<AlertDraft>({
    initialValues: draft,
    validate: {
      source: (text) => (text.trim() === "" ? NEEDED : null),
      name: (text) => (text.trim() === "" ? NEEDED : null),
    },
  });
  const send = useChange(
    (asked: AlertDraft, once) =>
      ask(api.POST("/api/v1/alerts", { body: bodyOf(asked), params: { header: once } })),
    {
      onSuccess: ({ results: [result] }, sent) => {
        if (result === undefined) return;
        toastDone(WORDS[result.outcome]);
        void queries.invalidateQueries({ queryKey: ["alerts"] });
        if (result.alert_id !== null)
          void navigate(explainPath({ alertId: result.alert_id, owner: ownerOfSent(sent) }, clientId), {
            state: { wasSent: true },
          });
      },
      onError: (error) => {
        if (!(error instanceof ProblemError)) return;
        for (const field of ["severity", "source", "name"] as const)
          form.setFieldError(field, error.at(field));
        form.setFieldError("alertId", error.at("alert_id"));
        form.setFieldError("dedupKey", error.at("dedup_key"));
        form.setFieldError("clientId", error.at("client_id"));
      },
    },
  );
  const problems = labelProblems(form.values.context);
  const annotationProblems = labelProblems(form.values.annotations);
  return (
    <Paper
      component="form"
      aria-label="Alert"
      maw={760}
      onSubmit={form.onSubmit((values) => {
        if (Object.keys({ ...problems, ...annotationProblems }).length === 0) send.mutate(values);
      })}
    >
      <Stack gap="md">
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Select
            label="Severity"
            required
            allowDeselect={false}
            data={choicesOf(SEVERITIES)}
            {...form.getInputProps("severity")}
          />
          <TextInput
            label="Alert id"
            placeholder="Left out: one is made"
            description="The same id again is the same alert again."
            inputWrapperOrder={["label", "input", "description", "error"]}
            autoComplete="off"
            spellCheck={false}
            maxLength={255}
            {...form.getInputProps("alertId")}
            disabled={hasLife(form.values)}
          />
          <TextInput
            label="Source"
            description="The system that reports, for example checkout."
            inputWrapperOrder={["label", "input", "description", "error"]}
            required
            autoComplete="off"
            spellCheck={false}
            {...form.getInputProps("source")}
          />
          <TextInput
            label="Name"
            description="What happened, for example payment-failed."
            inputWrapperOrder={["label", "input", "description", "error"]}
            required
            autoComplete="off"
            spellCheck={false}
            {...form.getInputProps("name")}
          />
        </SimpleGrid>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput
            label="Deduplication key"
            placeholder="Left out: it is an event"
            description="With one, the alert fires until it is resolved. Whatever is sent with the key meanwhile is about it."
            inputWrapperOrder={["label", "input", "description", "error"]}
            autoComplete="off"
            spellCheck={false}
            maxLength={255}
            {...form.getInputProps("dedupKey")}
          />
          {hasLife(form.values) && (
            <Choice
              label="Status"
              description={STATUS_WORDS[form.values.status]}
              data={choicesOf(ALERT_STATUSES)}
              value={form.values.status}
              onChange={(status) => form.setFieldValue("status", status)}
            />
          )}
        </SimpleGrid>
        {caller.isOperator && (
          <ClientPicker
            label="Private to"
            placeholder="Nobody: shared with all clients"
            clearLabel="Make it shared"
            value={form.values.clientId}
            onChange={(chosen) => form.setFieldValue("clientId", chosen)}
            error={form.errors.clientId}
          />
        )}
        <ContextFields
          of="labels"
          value={form.values.context}
          onChange={(context) => form.setFieldValue("context", context)}
          problems={problems}
        />
        <ContextFields
          of="annotations"
          value={form.values.annotations}
          onChange={(annotations) => form.setFieldValue("annotations", annotations)}
          problems={annotationProblems}
        />
        {send.isError && <ErrorState error={send.error} />}
        <Group justify="space-between">
          <Text size="xs" c="dimmed" maw={420}>
            {ownerOfSent(form.values) === ""
              ? "Every client whose rules match is notified for real."
              : `Only ${plainly(ownerOfSent(form.values))} is notified, for real, when one of its rules matches.`}
          </Text>
          <Button type="submit" loading={send.isPending} leftSection={<IconSend size={16} aria-hidden />}>
            Send alert
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
