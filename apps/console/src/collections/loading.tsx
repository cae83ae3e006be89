import { Button, Group, Skeleton, Stack } from '@mantine/core';
import { Failure } from '../failure';

/** Stands where rows will be. */
export function Loading({ rows = 5 }: { rows?: number }) {
  return (
    <Stack gap="xs" role="status" aria-label="loading">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={28} />
      ))}
    </Stack>
  );
}

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
