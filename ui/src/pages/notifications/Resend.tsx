import { Button, Text, Tooltip } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { Notification } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { ConfirmDialog } from "@/shared/ConfirmDialog";
import { toastDone } from "@/shared/toasts";

/** Tells every target again, once somebody has confirmed it. A key that may not do this does not see it. */
export function Resend({ notification }: { notification: Notification }) {
  const api = useApi();
  const caller = useCaller();
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const resend = useChange(
    (notificationId: string, once) =>
      ask(
        api.POST("/api/v1/notifications/{notification_id}/resend", {
          params: { path: { notification_id: notificationId }, header: once },
        }),
      ),
    {
      onSuccess: async () => {
        setAsking(false);
        toastDone("The notification is sent again");
        await queries.invalidateQueries({ queryKey: ["notifications"] });
      },
    },
  );
  if (!caller.may("notifications:resend")) return null;
  const isUnderWay = notification.status === "RECEIVED";
  return (
    <>
      <Tooltip label="It is still under way" disabled={!isUnderWay}>
        <Button
          leftSection={<IconSend size={16} aria-hidden />}
          aria-disabled={isUnderWay}
          data-disabled={isUnderWay || undefined}
          onClick={() => {
            if (isUnderWay) return;
            resend.reset();
            setAsking(true);
          }}
        >
          Send again
        </Button>
      </Tooltip>
      <ConfirmDialog
        opened={isAsking}
        title="Send this notification again?"
        confirm="Send to every target"
        isHarmful={false}
        isBusy={resend.isPending}
        error={resend.error}
        onClose={() => setAsking(false)}
        onConfirm={() => resend.mutate(notification.notification_id)}
      >
        <Text size="sm">
          {whoIsTold(notification)} Receivers see the same id, and can tell that it is the same notification.
          What was tried before stays here.
        </Text>
      </ConfirmDialog>
    </>
  );
}

function whoIsTold({ kind, resolved_notification_id: end, ends_at: endsAt }: Notification): string {
  if (kind === "RESOLVED") {
    return "Every target that was told that the alert fires is told again that it is over, also those that had taken it.";
  }
  const told =
    "Every target is told again, also those that had taken it, and those that the rules have gained since.";
  return end === null || endsAt !== null ? told : `${told} The message says that the alert is over since.`;
}
