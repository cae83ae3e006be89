import { Button, Group, Stack } from '@mantine/core';
import { Failure } from '../failure';

/** What went wrong with a request, and a button that sends it again. */
export function Retry({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (!error) return null;
  return (
    <Stack gap="xs">
      <Failure error={error} />
      <Group>
        <Button variant="default" size="xs" onClick={onRetry}>
          Try again
        </Button>
      </Group>
    </Stack>
  );
}
