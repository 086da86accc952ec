import { Anchor, Paper, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { Link } from "react-router";

import { HostileText } from "@/shared/HostileText";

import type { Failure } from "./failures";
import classes from "./overview.module.css";

const SHOWN_MAX = 8;

/** What fails now, before anything else. */
export function Failures({ failures }: { failures: readonly Failure[] }) {
  if (failures.length === 0) {
    return (
      <Paper className={classes.well}>
        <IconCircleCheck size={20} stroke={1.8} className={classes.good} aria-hidden />
        <Text fw={600}>Nothing is failing</Text>
      </Paper>
    );
  }
  return (
    <Paper p={0} component="section" aria-labelledby="failing">
      <h2 id="failing" className={classes.failingTitle}>
        Failing now
      </h2>
      <ul className={classes.failures}>
        {failures.slice(0, SHOWN_MAX).map(({ key, tone, title, detail, link }) => (
          <li key={key} className={classes.failure}>
            {tone === "bad" ? (
              <IconCircleX size={18} stroke={1.8} className={classes.bad} aria-label="Failure" />
            ) : (
              <IconAlertTriangle size={18} stroke={1.8} className={classes.warning} aria-label="Warning" />
            )}
            <div className={classes.failureText}>
              <Text fw={500}>{title}</Text>
              {detail !== null && <HostileText text={detail} c="dimmed" />}
            </div>
            {link !== null && (
              <Anchor component={Link} to={link.to} size="sm" className={classes.failureLink}>
                {link.label}
              </Anchor>
            )}
          </li>
        ))}
        {failures.length > SHOWN_MAX && (
          <li className={classes.failure}>… and {failures.length - SHOWN_MAX} more</li>
        )}
      </ul>
    </Paper>
  );
}
