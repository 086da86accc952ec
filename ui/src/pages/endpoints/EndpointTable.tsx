import { Anchor } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router";

import type { Pages } from "@/api/queries";
import type { Endpoint } from "@/api/types";
import { type Column, DataTable } from "@/shared/DataTable";
import { Described } from "@/shared/Described";
import { OneLine } from "@/shared/HostileText";
import { TimeAgo } from "@/shared/TimeAgo";

import { TYPES } from "./draft";
import { EndpointSwitch } from "./EndpointSwitch";
import { RuleLink } from "./RuleLink";
import { TypeLabel } from "./TypeLabel";

/** Endpoints, of one rule or of many. */
export function EndpointTable({
  pages,
  empty,
  ofMany,
  withClient = false,
}: {
  pages: Pages<Endpoint>;
  empty: ReactNode;
  /** Whether the rule of each is told. */
  ofMany: boolean;
  withClient?: boolean;
}) {
  return (
    <DataTable
      label="Endpoints"
      pages={pages}
      columns={columns(ofMany, withClient)}
      rowKey={({ endpoint_id }) => endpoint_id}
      empty={empty}
    />
  );
}

function columns(ofMany: boolean, withClient: boolean): Column<Endpoint>[] {
  const target: Column<Endpoint> = {
    label: "Target",
    onPhone: "title",
    cell: (endpoint) => (
      <Described by={endpoint.description}>
        <Anchor component={Link} to={`/endpoints/${endpoint.endpoint_id}`} size="sm" display="block" miw={0}>
          <OneLine text={endpoint.value} mono />
          <span className="visually-hidden">, {TYPES[endpoint.type].label}</span>
        </Anchor>
      </Described>
    ),
  };
  const type: Column<Endpoint> = {
    label: "Type",
    width: 112,
    onPhone: "beside",
    cell: ({ type }) => <TypeLabel type={type} />,
  };
  const state: Column<Endpoint> = {
    label: "State",
    width: 132,
    onPhone: "whole",
    cell: (endpoint) => <EndpointSwitch endpoint={endpoint} />,
  };
  if (!ofMany) return [target, type, state];
  return [
    target,
    type,
    { label: "Rule", width: "26%", cell: (endpoint) => <RuleLink endpoint={endpoint} /> },
    ...(withClient
      ? [
          {
            label: "Client",
            width: "14%",
            cell: (endpoint: Endpoint) => <OneLine text={endpoint.client_id} />,
          },
        ]
      : []),
    state,
    {
      label: "Updated",
      width: 116,
      onPhone: "left-out",
      cell: ({ updated_at }) => <TimeAgo at={updated_at} />,
    },
  ];
}
