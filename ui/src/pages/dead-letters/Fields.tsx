import { Paper, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import type { DeadLetterDetail } from "@/api/types";
import { HostileText } from "@/shared/HostileText";

import { fieldOf } from "./bytes";
import classes from "./letters.module.css";

/** Stands for the message as a whole where the platform names a field. */
const WHOLE = "record";

/** What can be read of the message, and which field of it is wrong. */
export function Fields({ letter }: { letter: DeadLetterDetail }) {
  const wrong = fieldOf(letter.problem);
  // What is empty is not in the bytes at all: it is the field that one looks for in vain.
  const isThere =
    wrong === null || wrong.field === WHOLE || letter.fields.some(({ name }) => name === wrong.field);
  const fields = isThere ? letter.fields : [{ name: wrong.field, value: "" }, ...letter.fields];
  return (
    <Paper component="section" aria-label="Fields of the message">
      <Text component="h2" fw={600} mb="xs">
        Fields of the message
      </Text>
      {letter.fields.length === 0 ? (
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
              const isWrong = wrong?.field === name;
              return (
                <tr key={place} data-wrong={isWrong || undefined}>
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
                    {isWrong && (
                      <span className={classes.wrong}>
                        <IconAlertTriangle size={14} aria-hidden />
                        <HostileText text={`Wrong: ${wrong.says}`} inherit />
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
