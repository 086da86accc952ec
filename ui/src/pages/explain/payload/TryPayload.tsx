import { Button, Group, Paper, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconEye } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";

import { ask } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { useApi } from "@/app/context";
import { BackTo } from "@/shared/BackTo";
import { CopiedText } from "@/shared/CopiedText";
import { ErrorState } from "@/shared/ErrorState";
import { PageHeader } from "@/shared/PageHeader";

import { PreviewedAlerts } from "./PreviewedAlerts";
import {
  addressOf,
  BLANK,
  filledParts,
  jsonProblem,
  PART_NAMES,
  PARTS,
  type PayloadDraft,
  type SourceName,
  SOURCES,
} from "./sources";

/** Shows which alerts would come of what another system sends; nothing is taken in. */
export function TryPayload() {
  const api = useApi();
  const form = useForm<PayloadDraft>({ initialValues: BLANK, validate: { payload: jsonProblem } });
  const preview = useMutation({
    mutationFn: ({ source, mapping, payload }: PayloadDraft) =>
      ask(
        api.POST("/api/v1/sources/preview", {
          body: {
            source,
            payload: JSON.parse(payload) as unknown,
            mapping: source === "generic" ? (filledParts(mapping) as Record<string, string>) : null,
          },
        }),
      ),
    onError: (error) => {
      if (!(error instanceof ProblemError)) return;
      for (const part of PART_NAMES) form.setFieldError(`mapping.${part}`, error.at(part));
    },
  });
  return (
    <>
      <PageHeader
        title="Try a payload"
        description="Paste what another system sends, and see the alerts that would come of it. Nothing is taken in, and nobody is notified."
        above={<BackTo to="/explain">Recent alerts</BackTo>}
      />
      <Stack gap="md" maw={760}>
        <Paper
          component="form"
          aria-label="Payload"
          onSubmit={form.onSubmit((draft) => preview.mutate(draft))}
        >
          <Stack gap="md">
            <Select
              label="Sent by"
              allowDeselect={false}
              data={Object.entries(SOURCES).map(([value, label]) => ({ value: value as SourceName, label }))}
              {...form.getInputProps("source")}
            />
            {form.values.source === "generic" && (
              <SimpleGrid cols={{ base: 1, xs: 3 }}>
                {PART_NAMES.map((part) => (
                  <TextInput
                    key={part}
                    label={PARTS[part].label}
                    placeholder={PARTS[part].example}
                    required={part === "name"}
                    autoComplete="off"
                    spellCheck={false}
                    maxLength={500}
                    {...form.getInputProps(`mapping.${part}`)}
                  />
                ))}
              </SimpleGrid>
            )}
            <Textarea
              label="Payload"
              description="JSON. A path of the mapping is $, then .name, [0] or ['any key']; what is none is the value itself."
              required
              rows={10}
              resize="vertical"
              spellCheck={false}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
              {...form.getInputProps("payload")}
            />
            {preview.isError && <ErrorState error={preview.error} />}
            <Group justify="space-between">
              <div style={{ minWidth: 0, flex: "1 1 280px" }}>
                <Text size="xs" c="dimmed">
                  To be sent here, by POST:
                </Text>
                <CopiedText text={addressOf(form.values)} label="Copy the address" />
              </div>
              <Button
                type="submit"
                loading={preview.isPending}
                leftSection={<IconEye size={16} aria-hidden />}
              >
                Show the alerts
              </Button>
            </Group>
          </Stack>
        </Paper>
        {preview.data !== undefined && <PreviewedAlerts previewed={preview.data} />}
      </Stack>
    </>
  );
}
