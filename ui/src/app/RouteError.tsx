import { Button, Code, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useRouteError } from "react-router";

/** What is shown in place of a page that failed as only a defect can. */
export function RouteError() {
  const error = useRouteError();
  const message = error instanceof Error ? error.message : String(error);
  // After an update of the platform the files of the former build are gone: a reload brings the new ones.
  const isOutdated = /dynamically imported module|module script/i.test(message);
  return (
    <Paper m="md" role="alert">
      <Stack gap="sm" align="flex-start">
        <Title order={1} size="h2">
          {isOutdated ? "These pages were updated" : "This page failed"}
        </Title>
        <Text size="sm">
          {isOutdated
            ? "The platform has been updated since you opened it. Load it anew to go on."
            : "Something went wrong in the page itself. Nothing on the platform has changed by it."}
        </Text>
        {!isOutdated && (
          <Code block w="100%">
            {message}
          </Code>
        )}
        <Group gap="xs">
          <Button onClick={() => window.location.reload()}>Load anew</Button>
          <Button variant="default" component="a" href="./">
            Overview
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
