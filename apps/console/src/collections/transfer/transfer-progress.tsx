import { Progress as Bar, Button, Group, Stack, Text } from '@mantine/core';
import type { Progress } from './use-transfer';

/** How far a transfer is. */
export function TransferProgress({ progress, onStop }: { progress: Progress | undefined; onStop: () => void }) {
  if (!progress) return null;
  const { done, total } = progress;
  return (
    <Stack gap={4} role="status">
      {total !== undefined && <Bar value={total === 0 ? 100 : (100 * done) / total} aria-label="progress" />}
      <Group gap="xs">
        <Text size="sm">
          {done.toLocaleString('en')}
          {total === undefined ? '' : ` of ${total.toLocaleString('en')}`} points
        </Text>
        <Button size="compact-xs" variant="default" onClick={onStop}>
          Stop
        </Button>
      </Group>
    </Stack>
  );
}
