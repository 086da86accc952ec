import { Button, Checkbox, Group, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { ask } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { ErrorState } from "@/shared/ErrorState";

import { useApi, usePlatform } from "./context";
import { Logo } from "./Logo";
import classes from "./SignInPage.module.css";

/** Asks for an API key, tries it, and takes it when the platform knows it. */
export function SignInPage() {
  const api = useApi();
  const { signIn } = usePlatform();
  const form = useForm({ initialValues: { key: "", keep: true } });
  const keyField = useRef<HTMLInputElement>(null);

  // All that there is to do here begins with the key.
  useEffect(() => keyField.current?.focus(), []);

  const enter = useMutation({
    mutationFn: async ({ key, keep }: { key: string; keep: boolean }) => {
      await ask(api.GET("/api/v1/me", { headers: { Authorization: `Bearer ${key}` } }));
      signIn?.use(key, keep);
    },
    onError: (error) => {
      const isUnknown = error instanceof ProblemError && error.status === 401;
      if (isUnknown)
        form.setFieldError("key", "The platform does not know this key, or it expired or was revoked.");
    },
  });

  const wrongKey = enter.error instanceof ProblemError && enter.error.status === 401;
  return (
    <main className={classes.page}>
      <title>Sign in · Alerting</title>
      <Paper className={classes.panel} p="xl">
        <form
          onSubmit={form.onSubmit(({ key, keep }) => {
            enter.mutate({ key: key.trim(), keep });
          })}
        >
          <Stack gap="md">
            <Group gap="sm">
              <Logo size={32} />
              <Title order={1}>Sign in</Title>
            </Group>
            <Text size="sm" c="dimmed">
              The first start of the platform printed an admin key. Operators make more of them under Clients
              &amp; keys.
            </Text>
            <PasswordInput
              label="API key"
              placeholder="alk_…"
              required
              withAsterisk={false}
              autoComplete="off"
              spellCheck={false}
              ref={keyField}
              visibilityToggleButtonProps={{ "aria-label": "Show or hide the key" }}
              {...form.getInputProps("key")}
            />
            <Checkbox
              label="Keep it until this tab is closed"
              {...form.getInputProps("keep", { type: "checkbox" })}
            />
            {enter.error !== null && !wrongKey && <ErrorState error={enter.error} />}
            <Button type="submit" loading={enter.isPending} fullWidth>
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
    </main>
  );
}
