import { Button } from "@mantine/core";
import { IconLock, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { useCaller } from "@/app/caller";
import { EmptyState } from "@/shared/EmptyState";
import { PageHeader } from "@/shared/PageHeader";

import { DEFAULT_DRAFT, draftOf, type JobDraft } from "./draft";
import classes from "./generator.module.css";
import { JobForm } from "./JobForm";
import { JobList } from "./JobList";

/** Makes alerts up: as many, as fast and of what kind one wants. */
export default function GeneratorPage() {
  const caller = useCaller();
  // A new key mounts the form anew, with what an earlier job had.
  const [begin, setBegin] = useState<{ draft: JobDraft; key: number }>({ draft: DEFAULT_DRAFT, key: 0 });
  const mayStart = caller.isOperator && caller.may("admin");
  return (
    <>
      <PageHeader
        title="Generator"
        description="Made-up alerts for load tests and demos. They take the ordinary way: rules match them, and clients are told."
        actions={
          <Button
            component={Link}
            to="/explain/send"
            variant="default"
            leftSection={<IconSend size={16} stroke={1.6} aria-hidden />}
          >
            Send one alert
          </Button>
        }
      />
      {mayStart ? (
        <div className={classes.columns}>
          <JobForm key={begin.key} initial={begin.draft} />
          <JobList
            onRepeat={(job) => {
              setBegin(({ key }) => ({ draft: draftOf(job.config), key: key + 1 }));
              document.getElementById("new-job")?.scrollIntoView({ block: "start" });
            }}
          />
        </div>
      ) : (
        <EmptyState title="Only operators generate load" icon={IconLock}>
          The alerts of a job reach the rules of all clients. With this key, single alerts can be sent.
        </EmptyState>
      )}
    </>
  );
}
