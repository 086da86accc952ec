import { Paper, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import type { DeadLetterDetail } from "@/api/types";
import { HostileText } from "@/shared/HostileText";

import classes from "./dead-letters.module.css";
import { saidOf } from "./repair";

/** What can be read of the message, and which fields of it are wrong. */
export function Fields({ letter }: { letter: DeadLetterDetail }) {
  // What is empty is not in the bytes at all: it is the field that one looks for in vain.
  const absent = letter.settable.filter(
    ({ name }) =>
      saidOf(name, letter.problems) !== undefined && !letter.fields.some((each) => each.name === name),
  );
  const fields = [...absent.map(({ name }) => ({ name, value: "" })), ...letter.fields];
  return (
    <Paper component="section" aria-label="Fields of the message">
      <Text component="h2" fw={600} mb="xs">
        Fields of the message
      </Text>
      {fields.length === 0 ? (
        <Text size="sm" c="dimmed">
          None can be read: the bytes are no message of this topic.
        </Text>
      ) : (
        <table className={classes.table} aria-label="Fields of the message">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {fields.map(({ name, value }, place) => {
              const says = saidOf(name, letter.problems);
              return (
                <tr key={place} data-wrong={says !== undefined || undefined}>
                  <th scope="row">
                    <HostileText text={name} chars={120} mono size="xs" />
                  </th>
                  <td>
                    {value === "" ? (
                      <Text span size="sm" c="dimmed">
                        empty
                      </Text>
                    ) : (
                      <HostileText text={value} mono />
                    )}
                    {says !== undefined && (
                      <span className={classes.wrong}>
                        <IconAlertTriangle size={14} aria-hidden />
                        <HostileText text={`Wrong: ${says}`} inherit />
                      </span>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Paper>
  );
}
