import { Fragment } from "react";

/**
 * The text of a button: all of *says* is its name, and only the words of *shown* are seen. So a small button has a name
 * that means something alone, and people who speak to their computer can say what they see.
 */
export function Named({ says, shown }: { says: string; shown: string }) {
  const left = shown.split(" ");
  return (
    <span>
      {says.split(" ").map((word, place) => {
        const isSeen = word === left[0];
        if (isSeen) left.shift();
        return (
          <Fragment key={place}>
            {place > 0 && " "}
            <span className={isSeen ? undefined : "visually-hidden"}>{word}</span>
          </Fragment>
        );
      })}
    </span>
  );
}
