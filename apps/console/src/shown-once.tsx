import { Alert, Button, Code, CopyButton, Group } from '@mantine/core';

/** A secret that the server only returns once. `what` begins a sentence: `the key`. `id`: for tests. */
export function ShownOnce({ what, secret, id }: { what: string; secret: string; id: string }) {
  return (
    <Alert title={`Copy ${what} now: it is only shown once`} color="teal">
      <Group>
        <Code data-testid={id} style={{ overflowWrap: 'anywhere' }}>
          {secret}
        </Code>
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button size="compact-sm" variant="light" onClick={copy}>
              {copied ? 'copied' : 'copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Alert>
  );
}
