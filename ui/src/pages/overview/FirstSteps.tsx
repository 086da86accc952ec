import { Anchor, List, Paper, Text } from "@mantine/core";
import { Link } from "react-router";

const STEPS = [
  { to: "/clients", label: "Create a client", why: "who owns rules and gets notifications" },
  { to: "/rules", label: "Create a rule", why: "what it wants to be told about" },
  { to: "/rules", label: "Add an endpoint to the rule", why: "where: e-mail, Slack, or a webhook" },
  { to: "/generator", label: "Generate alerts", why: "and see them arrive here" },
] as const;

/** What to do on a platform on which nothing is yet. */
export function FirstSteps({ isOperator }: { isOperator: boolean }) {
  return (
    <Paper component="section" aria-labelledby="first-steps">
      <Text component="h2" id="first-steps" fw={600} mb="xs">
        First steps
      </Text>
      <List type="ordered" size="sm" spacing={4}>
        {STEPS.filter(({ to }) => isOperator || to === "/rules").map(({ to, label, why }) => (
          <List.Item key={label}>
            <Anchor component={Link} to={to} size="sm">
              {label}
            </Anchor>
            <Text span size="sm" c="dimmed">
              {` – ${why}`}
            </Text>
          </List.Item>
        ))}
      </List>
    </Paper>
  );
}
