import { Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { Route, Routes, useParams } from "react-router";

import { useCaller } from "@/app/caller";
import { EmptyState } from "@/shared/EmptyState";
import { LoadingState } from "@/shared/LoadingState";
import { PageHeader } from "@/shared/PageHeader";

import { DeadLetterList } from "./DeadLetterList";
import { DeadLetterPage } from "./DeadLetterPage";

/** For operators: records belong to no client. */
export default function DeadLettersPage() {
  const caller = useCaller();
  if (caller.isOperator) {
    return (
      <Routes>
        <Route index element={<DeadLetterList />} />
        <Route path="*" element={<OneDeadLetter />} />
      </Routes>
    );
  }
  return (
    <>
      <PageHeader title="Dead letters" />
      {!caller.isKnown ? (
        <LoadingState />
      ) : (
        <EmptyState title="Only operators see dead letters" icon={IconLock}>
          <Text size="sm" c="dimmed" maw={440}>
            They are records of the whole platform, and belong to no client. Sign in with an operator key.
          </Text>
        </EmptyState>
      )}
    </>
  );
}

/** Ids of dead letters have slashes: topic/partition/offset. */
function OneDeadLetter() {
  const deadLetterId = useParams()["*"] ?? "";
  return <DeadLetterPage key={deadLetterId} deadLetterId={deadLetterId} />;
}
