import { Alert, Anchor, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "react-router";

import type { CheckView } from "@/platform/session";
import { explainPath } from "@/shared/alert-identity";
import { HostileText } from "@/shared/HostileText";

import classes from "./checks.module.css";
import { CHECKS, clock } from "./words";

/** How a guarantee was broken: one example, step by step. */
export function Story({ view }: { view: CheckView }) {
  const { example } = view;
  if (example === null) return null;
  // A story of one sentence was told by then.
  const steps = example.story.filter((step) => step.text !== example.what || example.story.length > 1);
  return (
    <Alert
      className={classes.story}
      color="red"
      variant="outline"
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={`${CHECKS[view.check].name}: what happened`}
    >
      <HostileText text={example.what} />
      {steps.length > 0 && (
        <ol className={classes.steps}>
          {steps.map((step, place) => (
            <li key={place}>
              <span className="tabular">{clock(step.at_ms)}</span> <HostileText text={step.text} />
            </li>
          ))}
        </ol>
      )}
      {example.alert_id !== null && (
        <Text size="sm">
          <Anchor
            component={Link}
            to={explainPath({ alertId: example.alert_id }, example.client_id)}
            size="sm"
          >
            Explain this alert
          </Anchor>
        </Text>
      )}
    </Alert>
  );
}
