import { TagsInput, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { ReactNode } from "react";

import { Choice } from "@/shared/Choice";

import { type EndpointDraft, FORMAT_LABEL, FORMATS } from "./draft";
import { HeaderRows } from "./HeaderRows";
import { SecretField } from "./SecretField";

const FORMAT_CHOICES = (["platform", "alertmanager"] as const).map((value) => ({
  value,
  label: FORMATS[value].label,
}));

/** Where an endpoint sends to, in the fields that its type has. */
export function TargetFields({
  form,
  isNew,
  refused,
}: {
  form: UseFormReturnType<EndpointDraft>;
  isNew: boolean;
  /** What the platform has said about a field of the request. */
  refused: (path: string) => string | undefined;
}) {
  const draft = form.values;
  const says = (path: string) => form.errors[path] ?? refused("value");
  switch (draft.type) {
    case "email":
      return (
        <TagsInput
          label="Addresses"
          description="Up to 20. Enter or a comma ends each; a list can be pasted."
          inputWrapperOrder={["label", "input", "description", "error"]}
          placeholder={draft.addresses.length === 0 ? "ops@example.com" : ""}
          required
          splitChars={[",", ";", " ", "\n"]}
          data-path="addresses"
          value={draft.addresses}
          onChange={(addresses) => form.setFieldValue("addresses", addresses)}
          error={says("addresses")}
        />
      );
    case "slack":
      return (
        <Url
          label="Slack webhook URL"
          description="Slack makes it: Apps › Incoming Webhooks › Add to a channel. Who knows it can write to the channel."
          placeholder="https://hooks.slack.com/services/…"
          path="slackUrl"
          value={draft.slackUrl}
          onChange={(url) => form.setFieldValue("slackUrl", url)}
          error={says("slackUrl")}
        />
      );
    case "webhook":
      return (
        <>
          <Url
            label="URL"
            description="Is sent POST requests. Answer with any 2xx within 15 seconds; all else is tried again, or given up."
            placeholder="https://example.com/hooks/alerts"
            path="webhookUrl"
            value={draft.webhookUrl}
            onChange={(url) => form.setFieldValue("webhookUrl", url)}
            error={says("webhookUrl")}
          />
          <Choice
            label={FORMAT_LABEL}
            description={FORMATS[draft.format].says}
            data={FORMAT_CHOICES}
            value={draft.format}
            onChange={(format) => form.setFieldValue("format", format)}
          />
          <HeaderRows
            headers={draft.headers}
            onChange={(headers) => form.setFieldValue("headers", headers)}
            problemOf={(header) =>
              form.errors.headers === undefined ? refused(`headers.${header.name.slice(0, 40)}`) : undefined
            }
            isChecked={form.errors.headers !== undefined}
          />
          {isNew && (
            <SecretField
              secret={draft.secret}
              onChange={(secret) => form.setFieldValue("secret", secret)}
              error={form.errors.secret ?? refused("secret")}
            />
          )}
        </>
      );
  }
}

function Url({
  path,
  onChange,
  ...field
}: {
  label: string;
  description: string;
  placeholder: string;
  path: string;
  value: string;
  onChange: (value: string) => void;
  error: ReactNode;
}) {
  return (
    <TextInput
      type="url"
      required
      inputWrapperOrder={["label", "input", "description", "error"]}
      autoComplete="off"
      spellCheck={false}
      data-path={path}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...field}
    />
  );
}
