import { Box, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Failure } from '../failure';

/** What is used of a query of any kind. */
interface Query<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  /** Milliseconds since 1970. */
  readonly dataUpdatedAt: number;
  readonly isFetching: boolean;
  refetch(): Promise<unknown>;
}
interface Props<T> {
  readonly query: Query<T>;
  /** Shown instead of `children` when `isEmpty` holds. */
  readonly empty?: ReactNode;
  readonly isEmpty?: (data: T) => boolean;
  readonly children: (data: T) => ReactNode;
}

/**
 * What a query found, in all its states: a placeholder while it loads, the failure with a way to try again, what was found
 * before with the time that it is of when it could not be renewed, and what to do when there is nothing.
 */
export function Loaded<T>({ query, empty, isEmpty, children }: Props<T>) {
  const { data, error, dataUpdatedAt } = query;
  if (data === undefined) return error === null ? <Loading /> : <Failed query={query} />;
  const shown = isEmpty?.(data) ? empty : children(data);
  if (error === null) return <>{shown}</>;
  return (
    <Stack>
      <Failed query={query}>
        <Text size="sm">What is below is as of {new Date(dataUpdatedAt).toLocaleTimeString('en-GB')}.</Text>
      </Failed>
      <Box opacity={0.75}>{shown}</Box>
    </Stack>
  );
}

function Failed({ query, children }: { query: Query<unknown>; children?: ReactNode }) {
  return (
    <Stack gap="xs">
      <Failure error={query.error} />
      {children}
      <Group>
        <Button variant="default" size="xs" loading={query.isFetching} onClick={() => void query.refetch()}>
          Try again
        </Button>
      </Group>
    </Stack>
  );
}

/** A placeholder for rows that are on their way. */
export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <Stack gap="xs" role="status" aria-label="loading">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={28} radius="sm" />
      ))}
    </Stack>
  );
}

/** That there is nothing yet, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="xl" ta="center" data-testid="empty">
      <Text fw={600}>{title}</Text>
      <Box c="dimmed" maw={520}>
        {children}
      </Box>
    </Stack>
  );
}
