import {
  Button,
  Checkbox,
  Group,
  Input,
  Paper,
  SegmentedControl,
  Stack,
  TagsInput,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { type ReactNode, useId } from "react";
import { Link } from "react-router";

import { ProblemError } from "@/api/problem";
import { ErrorState } from "@/shared/ErrorState";

import {
  addressesProblem,
  type EndpointDraft,
  type EndpointType,
  headerProblem,
  secretProblem,
  TYPES,
  urlProblem,
} from "./draft";
import { HeaderRows } from "./HeaderRows";

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
  const typeId = useId();
  const form = useForm<EndpointDraft>({ initialValues: initial, validate: problemsOf });
  const draft = form.values;
  const refused = (path: string) => (error instanceof ProblemError ? error.at(path) : undefined);
  const says = (path: string) => form.errors[path] ?? refused("value");
  const send = form.onSubmit(onSubmit, (errors) => {
    const first = Object.keys(errors)[0];
    if (first !== undefined) form.getInputNode(first)?.focus();
  });
  return (
    <Paper component="form" onSubmit={send} noValidate aria-label={submit} maw={680}>
      <Stack gap="md">
        {before}
        {isNew && (
          <div>
            <Input.Label component="div" id={typeId} mb={4}>
              Type
            </Input.Label>
            <SegmentedControl
              fullWidth
              aria-labelledby={typeId}
              value={draft.type}
              onChange={(type) => form.setFieldValue("type", type as EndpointType)}
              data={Object.entries(TYPES).map(([value, { label }]) => ({ value, label }))}
              styles={{ label: { minHeight: 36, alignContent: "center" } }}
            />
            <Input.Description mt={5}>{TYPES[draft.type].says}</Input.Description>
          </div>
        )}
        {draft.type === "email" && (
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
        )}
        {draft.type === "slack" && (
          <Url
            label="Slack webhook URL"
            description="Slack makes it: Apps › Incoming Webhooks › Add to a channel. Who knows it can write to the channel."
            placeholder="https://hooks.slack.com/services/…"
            path="slackUrl"
            value={draft.slackUrl}
            onChange={(url) => form.setFieldValue("slackUrl", url)}
            error={says("slackUrl")}
          />
        )}
        {draft.type === "webhook" && (
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
            <HeaderRows
              headers={draft.headers}
              onChange={(headers) => form.setFieldValue("headers", headers)}
              problemOf={(header) =>
                form.errors.headers === undefined ? refused(`headers.${header.name.slice(0, 40)}`) : undefined
              }
              isChecked={form.errors.headers !== undefined}
            />
            {isNew && (
              <div>
                <Checkbox
                  label="I have a signing secret of my own"
                  description="Otherwise one is made, and shown once."
                  checked={draft.secret !== null}
                  onChange={(event) => form.setFieldValue("secret", event.currentTarget.checked ? "" : null)}
                />
                {draft.secret !== null && (
                  <TextInput
                    mt="xs"
                    label="Signing secret"
                    placeholder="whsec_…"
                    required
                    autoComplete="off"
                    spellCheck={false}
                    data-path="secret"
                    value={draft.secret}
                    onChange={(event) => form.setFieldValue("secret", event.currentTarget.value)}
                    error={form.errors.secret ?? refused("secret")}
                  />
                )}
              </div>
            )}
          </>
        )}
        <Checkbox
          label="Enabled"
          description="A disabled endpoint is kept, and nothing is sent to it."
          checked={draft.enabled}
          onChange={(event) => form.setFieldValue("enabled", event.currentTarget.checked)}
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

/** Only of the fields that the type has. */
function problemsOf(draft: EndpointDraft): Record<string, string> {
  const found: Record<string, string | null> = {
    addresses: draft.type === "email" ? addressesProblem(draft.addresses) : null,
    slackUrl: draft.type === "slack" ? urlProblem(draft.slackUrl) : null,
    webhookUrl: draft.type === "webhook" ? urlProblem(draft.webhookUrl) : null,
    headers:
      draft.type === "webhook" &&
      draft.headers.some((header) => headerProblem(header, draft.headers) !== null)
        ? "There is something wrong with a header"
        : null,
    secret: draft.type === "webhook" ? secretProblem(draft.secret) : null,
  };
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}
