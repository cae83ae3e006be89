import { Button, Code, CopyButton, Group, SegmentedControl, Stack } from '@mantine/core';
import { useState } from 'react';
import type { SearchCall } from './ask';
import { codeOf, LANGUAGES, type Language } from './code';

/** The request that was made as a program in several languages. */
export function CodePanel({ collection, call }: { collection: string; call: SearchCall }) {
  const [language, setLanguage] = useState<Language>('curl');
  const code = codeOf(language, { url: window.location.origin, collection }, call);
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label="language"
          data={[...LANGUAGES]}
          value={language}
          onChange={(value) => setLanguage(value as Language)}
        />
        <CopyButton value={code}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? 'copied' : 'copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Code
        block
        data-testid="code"
        tabIndex={0}
        mah={360}
        style={{ overflow: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
      >
        {code}
      </Code>
    </Stack>
  );
}
