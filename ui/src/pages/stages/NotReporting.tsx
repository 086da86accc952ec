import { Badge } from "@mantine/core";
import { IconBan } from "@tabler/icons-react";

import classes from "./stages.module.css";

/** A stage of which nothing is heard at all. */
export function NotReporting() {
  return (
    <Badge className={classes.missing} tt="none" leftSection={<IconBan size={12} stroke={2.2} aria-hidden />}>
      Not reporting
    </Badge>
  );
}
