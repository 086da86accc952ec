import { ActionIcon, Menu } from "@mantine/core";
import { IconCopy, IconDots, IconPencil, IconPlugConnected, IconTrash } from "@tabler/icons-react";
import { Link } from "react-router";

import type { Rule } from "@/api/types";
import { useCaller } from "@/app/caller";

import { mayChange, ruleTitle } from "./draft";
import { RuleConflict } from "./RuleConflict";
import classes from "./rules.module.css";
import { useDeleteRule } from "./changes/use-rule-changes";

/** What can be done with a rule, in a list. */
export function RuleMenu({ rule }: { rule: Rule }) {
  const caller = useCaller();
  // The button that had the focus is gone with its row.
  const remove = useDeleteRule(() => document.getElementById("main")?.focus({ preventScroll: true }));
  if (!mayChange(caller, rule)) return null;
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={190}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            className={classes.touch}
            loading={remove.isBusy}
            aria-label={`Actions: ${ruleTitle(rule)}`}
          >
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            to={`/rules/${rule.rule_id}/edit`}
            leftSection={<IconPencil size={16} stroke={1.6} aria-hidden />}
          >
            Edit
          </Menu.Item>
          <Menu.Item
            component={Link}
            to={`/rules/new?from=${rule.rule_id}`}
            leftSection={<IconCopy size={16} stroke={1.6} aria-hidden />}
          >
            Duplicate
          </Menu.Item>
          <Menu.Item
            component={Link}
            to={`/endpoints/new?rule=${rule.rule_id}`}
            leftSection={<IconPlugConnected size={16} stroke={1.6} aria-hidden />}
          >
            Add an endpoint
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} stroke={1.6} aria-hidden />}
            onClick={() => remove.start(rule, null)}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RuleConflict change={remove} mine={(theirs) => theirs} insist="Delete it anyway" />
    </>
  );
}
