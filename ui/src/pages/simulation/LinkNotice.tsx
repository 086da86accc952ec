import { Alert, type AlertProps, Text } from "@mantine/core";
import { IconCheck, IconLink, IconX } from "@tabler/icons-react";

import classes from "./page.module.css";
import type { Followed } from "./use-link";
import { useControl, useSimulation } from "./use-simulation";
import { clock } from "./words";

/** Says what runs when a link was opened: until when it replays, and whether it is the run that was shared. */
export function LinkNotice({ followed }: { followed: Followed }) {
  const { snapshot, replays_until_ms: untilMs } = useSimulation();
  const { link } = useControl();
  const { refusal, moment, verdict } = followed;
  if (refusal !== null) {
    return (
      <Notice color="red" icon={<IconX size={18} aria-hidden />} title="This link could not be taken">
        {refusal}. The usual scenario runs instead. Perhaps a part of the link got lost on its way: ask for it
        again.
      </Notice>
    );
  }
  if (verdict === "same") {
    return (
      <Notice color="teal" icon={<IconCheck size={18} aria-hidden />} title="The same run, number by number">
        <Text size="sm">
          At {moment === null ? "" : clock(moment.atMs)} all that happened here is what happened there: both
          have the digest <code>{moment?.digest}</code>. It goes on with “Play”.
        </Text>
      </Notice>
    );
  }
  if (verdict === "other") {
    return (
      <Notice color="red" icon={<IconX size={18} aria-hidden />} title="This is not the run that was shared">
        Its digest at {moment === null ? "" : clock(moment.atMs)} is another one: perhaps something was done
        to it on the way, or it was shared from another version of the platform.
      </Notice>
    );
  }
  const endsMs = Math.max(untilMs, moment?.atMs ?? 0);
  if (link === "" || snapshot.at_ms >= endsMs) return null;
  return (
    <Notice color="accent" icon={<IconLink size={18} aria-hidden />} title="A shared run is replayed">
      {untilMs > 0 && `What was done to it happens by itself until ${clock(untilMs)}. `}
      {moment !== null && `It stops at ${clock(moment.atMs)}. `}
      What you do meanwhile makes another run of it.
    </Notice>
  );
}

function Notice(props: Pick<AlertProps, "color" | "icon" | "title" | "children">) {
  return (
    <Alert variant="outline" classNames={{ root: classes.notice, title: classes.noticeTitle }} {...props} />
  );
}
