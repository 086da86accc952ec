import { Anchor, Text } from "@mantine/core";
import { Link, useLocation } from "react-router";

import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

/** No page has this address. */
export function NotFound() {
  const { pathname } = useLocation();
  return (
    <>
      <PageHeader title="Page not found" />
      <EmptyState title="There is no page at this address">
        <Text size="sm" c="dimmed" dir="auto">
          {pathname}
        </Text>
        <Anchor component={Link} to="/" size="sm">
          Go to the overview
        </Anchor>
      </EmptyState>
    </>
  );
}
