import { Anchor, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";

import { HostileText, plainly } from "./HostileText";

/** Longer ones are cut; the whole of it is where the link leads. */
const SHOWN_CHARS = 240;

/**
 * Text of others that is a link when it is the address of a web page as a whole, a runbook as a rule. Where the link
 * leads is said beside it, since the text may pretend to be another address.
 */
export function LinkedText({ text }: { text: string }) {
  const url = webAddressOf(text);
  if (url === null) return <HostileText text={text} mono />;
  return (
    <>
      <Anchor href={url.href} target="_blank" rel="noopener noreferrer nofollow" size="sm" ff="monospace">
        <bdi>{plainly(text, SHOWN_CHARS)}</bdi>
      </Anchor>
      <Text span size="xs" c="dimmed">
        {" "}
        <IconExternalLink size={12} aria-hidden /> {url.host}
        <span className="visually-hidden">, opens in a new tab</span>
      </Text>
    </>
  );
}

/** The address that *text* is; null for all that is not http or https, or could hide where it leads. */
export function webAddressOf(text: string): URL | null {
  // Blanks and invisible marks are dropped or encoded by browsers: what is read would not be where one gets.
  if (!/^https?:\/\/[^\s\p{C}]+$/iu.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.username === "" && url.password === "" ? url : null;
}
