import { Group, List, SegmentedControl, Text } from "@mantine/core";
import { useState } from "react";

import { CopyButton } from "@/shared/CopyButton";

import classes from "./endpoints.module.css";
import { SAMPLES } from "./verify-samples";

type Language = keyof typeof SAMPLES;

/** How a receiver knows that a request is ours: in words, and as code to copy. */
export function HowToVerify() {
  const [language, setLanguage] = useState<Language>("Python");
  const code = SAMPLES[language];
  return (
    <div>
      <Text fw={600} size="sm" mb={4}>
        How to verify a request
      </Text>
      <List size="sm" spacing={3} mb="xs">
        <List.Item>
          The key is the base64 after <code>whsec_</code>, decoded.
        </List.Item>
        <List.Item>
          Sign <code>webhook-id</code>, <code>webhook-timestamp</code> and the body as it came, joined by
          dots, with HMAC-SHA256.
        </List.Item>
        <List.Item>
          <code>webhook-signature</code> holds one or more of <code>v1,&lt;base64&gt;</code>, separated by
          blanks: one of them must be equal. After a rotation there are two.
        </List.Item>
        <List.Item>Refuse timestamps that are more than five minutes away.</List.Item>
        <List.Item>
          Each try has the same <code>webhook-id</code>: remember it to act once.
        </List.Item>
      </List>
      <Group justify="space-between" mb={6}>
        <SegmentedControl
          size="xs"
          aria-label="Language of the sample"
          data={Object.keys(SAMPLES)}
          value={language}
          onChange={(value) => setLanguage(value as Language)}
        />
        <CopyButton value={code} label="Copy the sample" />
      </Group>
      {/* It scrolls: keyboards must get there. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={classes.code} tabIndex={0} aria-label={`Sample in ${language}`} role="region">
        {code}
      </pre>
    </div>
  );
}
