import { Anchor } from "@mantine/core";
import { Link, useLocation } from "react-router";

import { EmptyState } from "@/shared/EmptyState";
import { HostileText } from "@/shared/HostileText";
import { PageHeader } from "@/shared/PageHeader";

/** No page has this address. */
export function NotFound() {
  const { pathname } = useLocation();
  return (
    <>
      <PageHeader title="Page not found" />
      <EmptyState title="There is no page at this address">
        <HostileText text={pathname} mono c="dimmed" />
        <Anchor component={Link} to="/" size="sm">
          Go to the overview
        </Anchor>
      </EmptyState>
    </>
  );
}
