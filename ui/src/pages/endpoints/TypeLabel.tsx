import { Group } from "@mantine/core";

import { type EndpointType, TYPES } from "./draft";

export function TypeLabel({ type }: { type: EndpointType }) {
  const { icon: Icon, label } = TYPES[type];
  return (
    <Group gap={6} wrap="nowrap" component="span" display="inline-flex" style={{ verticalAlign: "middle" }}>
      <Icon size={16} stroke={1.6} aria-hidden />
      {label}
    </Group>
  );
}
