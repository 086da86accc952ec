import { Anchor, Text, type TextProps } from "@mantine/core";
import { useState } from "react";

import classes from "./HostileText.module.css";

/** Longer texts are cut until somebody wants all: a page of 10,000 characters hides what stands below it. */
const SHOWN_CHARS = 240;
/** The same of many short lines. */
const SHOWN_LINES = 10;

/**
 * Text that others wrote: names, sources, contexts, answers of receivers. Whatever is in it, it is shown as text, in its
 * own direction, without leaving its place.
 */
export function HostileText({
  text,
  chars = SHOWN_CHARS,
  mono = false,
  ...props
}: TextProps & { text: string; chars?: number; mono?: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const cut = cutAt(firstLines(text), chars);
  const isLong = cut.length < text.length;
  return (
    <Text span size="sm" {...props} className={classes.text}>
      <bdi className={mono ? classes.mono : ""}>{isOpen || !isLong ? visible(text) : `${visible(cut)}…`}</bdi>
      {isLong && (
        <>
          {" "}
          <Anchor
            component="button"
            type="button"
            size="xs"
            aria-expanded={isOpen}
            onClick={(event) => {
              event.stopPropagation();
              setOpen(!isOpen);
            }}
          >
            {isOpen ? "show less" : `show all ${text.length.toLocaleString("en")} characters`}
          </Anchor>
        </>
      )}
    </Text>
  );
}

/** One line for tables: cut by its cell, whole in the tooltip of the browser. */
export function OneLine({ text, mono = false }: { text: string; mono?: boolean }) {
  return (
    <bdi className={`${classes.line} ${mono ? classes.mono : ""}`} title={cutAt(visible(text), 500)}>
      {cutAt(visible(text), 500)}
    </bdi>
  );
}

/** The same where only a plain string can stand: titles, labels, short messages. */
export function plainly(text: string, chars = 80): string {
  const shown = visible(text);
  const cut = cutAt(shown, chars);
  return cut.length < shown.length ? `${cut}…` : cut;
}

function firstLines(text: string): string {
  return text.split("\n", SHOWN_LINES).join("\n");
}

/** Cuts between characters as people see them: never through an emoji. */
function cutAt(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(chars - 1)) ? chars - 1 : chars;
  return text.slice(0, end);
}

/** Shows controls and marks of direction that would otherwise act, or not be seen at all. */
function visible(text: string): string {
  return text.replace(
    /(?![\n\t\u200D])[\p{Cc}\p{Cf}]/gu,
    (control) => `\\u${(control.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
