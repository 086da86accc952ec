import { Anchor, Button, Group, Text } from "@mantine/core";
import { IconArrowUp, IconBellRinging, IconFilterOff } from "@tabler/icons-react";
import { useCallback, useRef } from "react";
import { Link } from "react-router";

import { ask } from "@/api/client";
import { type Notification, SEVERITIES } from "@/api/types";
import { useCaller } from "@/app/caller";
import { useApi } from "@/app/context";
import { useScope } from "@/app/scope-context";
import { KindBadge, SeverityBadge, StatusBadge } from "@/shared/badges";
import { type Column, DataTable } from "@/shared/DataTable";
import { EmptyState } from "@/shared/EmptyState";
import { ChoiceFilter, Filters } from "@/shared/Filters";
import { OneLine, plainly } from "@/shared/HostileText";
import { PageHeader } from "@/shared/PageHeader";
import { SearchFilter } from "@/shared/SearchFilter";
import { TimeAgo } from "@/shared/TimeAgo";
import { boundsOf } from "@/shared/time-range";
import { TimeRangeFilter } from "@/shared/TimeRangeFilter";
import { choicesOf } from "@/shared/words";

import { FILTER_NAMES, isFiltered, KINDS, STATUSES, useNotificationFilters } from "./filters";
import classes from "./notifications.module.css";
import { RuleFilter } from "./RuleFilter";
import { useLiveList } from "./use-live-list";

const idOf = (notification: Notification) => notification.notification_id;

/** All notifications, or those that the filters in the address leave, newest first. */
export function NotificationList() {
  const api = useApi();
  const caller = useCaller();
  const { clientId } = useScope();
  const filters = useNotificationFilters();
  const list = useRef<HTMLDivElement>(null);
  const isIdle = useCallback(() => isLeftAlone(list.current), []);
  const live = useLiveList<Notification>({
    queryKey: ["notifications", "list", clientId, filters],
    idOf,
    isIdle,
    read: (cursor, signal) => {
      const { time, ...where } = filters;
      const query = { ...where, ...boundsOf(time), client_id: clientId ?? undefined, cursor };
      return ask(api.GET("/api/v1/notifications", { params: { query }, signal }));
    },
  });
  return (
    <>
      <PageHeader
        title="Notifications"
        description="What was told to whom, with every delivery and every attempt. The newest come first."
      />
      <Filters label="Filter notifications" names={FILTER_NAMES} about={<RuleFilter />}>
        <ChoiceFilter name="kind" label="Kind" data={KINDS} />
        <ChoiceFilter name="status" label="Status" data={STATUSES} />
        <ChoiceFilter name="severity" label="Severity" data={choicesOf(SEVERITIES)} />
        <SearchFilter name="source" label="Source" placeholder="Exact source" />
        <SearchFilter name="name" label="Name" placeholder="Exact name" />
        <SearchFilter name="alert_id" label="Alert id" placeholder="Exact id" />
        <TimeRangeFilter />
      </Filters>
      <div className={classes.fresh} aria-live="polite">
        {live.waiting > 0 && (
          <Button
            size="compact-sm"
            mih={{ base: 40, sm: 32 }}
            radius="xl"
            leftSection={<IconArrowUp size={15} aria-hidden />}
            onClick={() => {
              live.showNew();
              window.scrollTo({ top: 0 });
            }}
          >
            {newOnes(live.waiting, live.isMore)}
          </Button>
        )}
      </div>
      <div ref={list}>
        <DataTable
          label="Notifications"
          pages={live.pages}
          columns={columns(caller.isOperator && clientId === null)}
          rowKey={idOf}
          empty={
            live.pages.hasNextPage ? (
              <NothingYet
                isLooking={live.pages.isFetchingNextPage}
                onLook={() => void live.pages.fetchNextPage()}
              />
            ) : (
              <Nothing isFiltered={isFiltered(filters)} />
            )
          }
        />
      </div>
    </>
  );
}

function newOnes(count: number, isMore: boolean): string {
  if (isMore) return `Show more than ${count} new`;
  return `Show ${count} new`;
}

/** Nobody points at it, is in it by keyboard, or has scrolled down in it. */
function isLeftAlone(list: HTMLElement | null): boolean {
  if (list === null || window.scrollY > 40) return false;
  return !list.contains(document.activeElement) && !list.matches(":hover");
}

/** A page looks at so many at most; where a rule led to few, there may be none of its own among them. */
function NothingYet({ isLooking, onLook }: { isLooking: boolean; onLook: () => void }) {
  return (
    <EmptyState title="None among the latest notifications" icon={IconFilterOff}>
      <Text size="sm" c="dimmed" maw={440}>
        Many others have come since this rule last led to one. Those before have not been looked at yet.
      </Text>
      <Button variant="default" loading={isLooking} onClick={onLook}>
        Look further back
      </Button>
    </EmptyState>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <EmptyState title="No notification fits these filters" icon={IconFilterOff}>
        <Text size="sm" c="dimmed" maw={440}>
          Source, name and alert id must be exact. An alert that met no rule has no notification: Explain says
          why.
        </Text>
        <Group gap="xs" justify="center">
          <Button component={Link} to="/notifications" variant="default">
            Show all notifications
          </Button>
          <Button component={Link} to="/explain" variant="default">
            Explain an alert
          </Button>
        </Group>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="There are no notifications yet" icon={IconBellRinging}>
      <Text size="sm" c="dimmed" maw={440}>
        One is made when an alert meets a rule. Send an alert to see what becomes of it.
      </Text>
      <Group gap="xs" justify="center">
        <Button component={Link} to="/explain/send">
          Send an alert
        </Button>
        <Button component={Link} to="/rules" variant="default">
          Show rules
        </Button>
      </Group>
    </EmptyState>
  );
}

function columns(withClient: boolean): Column<Notification>[] {
  return [
    {
      label: "Name",
      onPhone: "title",
      cell: (notification) => (
        <Anchor
          component={Link}
          to={`/notifications/${notification.notification_id}`}
          size="sm"
          className={classes.what}
        >
          <OneLine text={notification.name} mono />
          <span className="visually-hidden">, alert {plainly(notification.alert_id)}</span>
        </Anchor>
      ),
    },
    { label: "Source", cell: (notification) => <OneLine text={notification.source} mono /> },
    {
      label: "Severity",
      width: 104,
      onPhone: "whole",
      cell: (notification) => <SeverityBadge severity={notification.severity} />,
    },
    ...(withClient
      ? [
          {
            label: "Client",
            width: "14%",
            cell: (notification: Notification) => <OneLine text={notification.client_id} />,
          },
        ]
      : []),
    {
      label: "Kind",
      width: 116,
      onPhone: "beside",
      cell: (notification) => <KindBadge notification={notification} />,
    },
    {
      label: "Status",
      width: 128,
      onPhone: "beside",
      cell: (notification) => <StatusBadge status={notification.status} />,
    },
    {
      label: "Rules",
      onPhone: "left-out",
      width: 64,
      align: "right",
      cell: (notification) => <span className="tabular">{notification.rule_ids.length}</span>,
    },
    {
      label: "Created",
      width: 116,
      onPhone: "whole",
      cell: (notification) => <TimeAgo at={notification.created_at} />,
    },
  ];
}
