import { Button, Paper, Stack, Text } from "@mantine/core";
import { IconCopy, IconPencil, IconTrash } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "react-router";

import type { Rule } from "@/api/types";
import { useCaller } from "@/app/caller";
import { EndpointsOfRule } from "@/pages/endpoints/EndpointsOfRule";
import { SeverityBadge } from "@/shared/badges";
import { BackTo } from "@/shared/BackTo";
import { CopiedText } from "@/shared/CopiedText";
import { ErrorState } from "@/shared/ErrorState";
import { Facts } from "@/shared/Facts";
import { HostileText } from "@/shared/HostileText";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";
import { TimeAgo } from "@/shared/TimeAgo";

import { useDeleteRule } from "./changes/use-rule-changes";
import { ANY, catchesMore, caughtBy, mayChange, ruleTitle } from "./draft";
import { LatestNotifications } from "./LatestNotifications";
import { Preview } from "./Preview";
import { RuleConflict } from "./RuleConflict";
import classes from "./rules.module.css";
import { RuleSwitch } from "./RuleSwitch";
import { useRule } from "./useRule";

/** One rule: what it matches, where it tells, and what it has told lately. */
export function RuleDetail() {
  const { ruleId = "" } = useParams();
  const rule = useRule(ruleId);
  if (rule.isSuccess) return <Shown rule={rule.data} />;
  return (
    <>
      <PageHeader above={<BackTo to="/rules">Rules</BackTo>} title="Rule" />
      {rule.isError ? (
        <ErrorState error={rule.error} onRetry={() => rule.refetch()} />
      ) : (
        <LoadingState label="Loading the rule" />
      )}
    </>
  );
}

function Shown({ rule }: { rule: Rule }) {
  return (
    <>
      <PageHeader
        above={<BackTo to="/rules">Rules</BackTo>}
        title={ruleTitle(rule)}
        description={
          rule.enabled && rule.description === "" ? undefined : (
            <>
              {!rule.enabled && "This rule is disabled: it matches nothing until it is enabled. "}
              <HostileText text={rule.description} />
            </>
          )
        }
        actions={<Actions rule={rule} />}
      />
      <div className={classes.editor}>
        <Stack gap="md">
          <RuleFacts rule={rule} />
          <EndpointsOfRule rule={rule} />
        </Stack>
        <Stack gap="md">
          <LatestNotifications rule={rule} />
          <Preview pattern={rule} title="Among the recent alerts" />
        </Stack>
      </div>
    </>
  );
}

function Actions({ rule }: { rule: Rule }) {
  const caller = useCaller();
  const navigate = useNavigate();
  const remove = useDeleteRule(() => navigate("/rules"));
  if (!mayChange(caller, rule)) return null;
  return (
    <>
      <Button
        component={Link}
        to={`/rules/${rule.rule_id}/edit`}
        leftSection={<IconPencil size={16} stroke={1.6} aria-hidden />}
      >
        Edit
      </Button>
      <Button
        component={Link}
        to={`/rules/new?from=${rule.rule_id}`}
        variant="default"
        leftSection={<IconCopy size={16} stroke={1.6} aria-hidden />}
      >
        Duplicate
      </Button>
      <Button
        variant="default"
        leftSection={<IconTrash size={16} stroke={1.6} aria-hidden />}
        loading={remove.isBusy}
        onClick={() => remove.start(rule, null)}
      >
        Delete
      </Button>
      <RuleConflict change={remove} mine={(theirs) => theirs} insist="Delete it anyway" />
    </>
  );
}

function RuleFacts({ rule }: { rule: Rule }) {
  return (
    <Paper component="section" aria-labelledby="matches">
      <Text component="h2" id="matches" fw={600} mb="sm">
        What it matches
      </Text>
      <Facts>
        <dt>State</dt>
        <dd>
          <RuleSwitch rule={rule} />
        </dd>
        <dt>Client</dt>
        <dd>
          <HostileText text={rule.client_id} />
        </dd>
        {catchesMore(rule.catches) && (
          <>
            <dt>Catches</dt>
            <dd>{caughtBy(rule.catches)}; an operator&apos;s rule</dd>
          </>
        )}
        <dt>Severity</dt>
        <dd>
          <SeverityBadge severity={rule.severity} />
        </dd>
        <dt>Source</dt>
        <dd>{rule.source === ANY ? <Any of="source" /> : <HostileText text={rule.source} mono />}</dd>
        <dt>Name</dt>
        <dd>{rule.name === ANY ? <Any of="name" /> : <HostileText text={rule.name} mono />}</dd>
        <dt>Version</dt>
        <dd className="tabular">
          {rule.version}, <TimeAgo at={rule.updated_at} />
        </dd>
        <dt>Created</dt>
        <dd>
          <TimeAgo at={rule.created_at} />
        </dd>
        <dt>Id</dt>
        <dd>
          <CopiedText text={rule.rule_id} label="Copy the id of the rule" />
        </dd>
      </Facts>
    </Paper>
  );
}

function Any({ of }: { of: string }) {
  return <span className={classes.any}>any {of}</span>;
}
