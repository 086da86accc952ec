import { Anchor, Paper, Skeleton, Text } from "@mantine/core";
import { Link } from "react-router";

import { ErrorState } from "@/shared/ErrorState";

import classes from "./clients.module.css";
import { listPath } from "./paths";
import { type Belonging, useBelongings } from "./use-belongings";

const LABELS: Record<Belonging["kind"], string> = {
  rules: "Rules",
  endpoints: "Endpoints",
  notifications: "Notifications",
  keys: "API keys",
};

/** How much a client owns, each figure a link to the list behind it. */
export function Belongings({ clientId }: { clientId: string }) {
  const belongings = useBelongings(clientId);
  if (belongings.isError) {
    return <ErrorState error={belongings.error} onRetry={() => belongings.refetch()} />;
  }
  if (belongings.isPending) return <Skeleton height={74} role="status" aria-label="Counting what it has" />;
  return (
    <ul className={classes.belongings} aria-label="What it has">
      {belongings.data.map(({ kind, shown }) => (
        <Paper component="li" p="sm" key={kind}>
          {kind === "keys" ? (
            <Text size="sm" c="dimmed" className={classes.label}>
              {LABELS[kind]}
            </Text>
          ) : (
            <Anchor
              component={Link}
              to={listPath(kind, clientId)}
              size="sm"
              c="dimmed"
              underline="always"
              className={classes.label}
            >
              {LABELS[kind]}
            </Anchor>
          )}
          <div className={`${classes.figure} tabular`}>{shown}</div>
        </Paper>
      ))}
    </ul>
  );
}
