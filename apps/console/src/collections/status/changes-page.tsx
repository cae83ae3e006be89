import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Answer } from '@vectron/rest-client';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api';
import { useCollection } from '../names';
import { Payload } from '../payload';
import { PointLink } from '../points/points-table';
import { Retry } from '../retry';
import { Wide } from '../wide';

type Change = Answer<'get', '/v1/collections/{collection}/changes'>['changes'][number];

/** A page shows so many; older ones are dropped. */
const MOST_SHOWN = 200;
/** A call waits so long for a change. */
const WAIT_MS = 20_000;
/** How long after a failure that may pass the feed is read again. */
const RETRY_MS = 2_000;
const COLOURS: Readonly<Record<string, string>> = { insert: 'teal', update: 'indigo', delete: 'red' };

/** The changes of a collection while they are made, the newest first. */
export function ChangesPage() {
  const collection = useCollection();
  const [from, setFrom] = useState<'now' | ''>('now');
  const [paused, setPaused] = useState(false);
  const { changes, seen, error, waiting, retry } = useChanges(collection, from, paused);
  return (
    <Stack>
      <Group gap="xs">
        <Badge variant="light" color={waiting ? 'teal' : 'gray'} tt="none" data-testid="feed">
          {waiting ? 'live' : paused ? 'paused' : 'not connected'}
        </Badge>
        <Text size="sm">
          {seen.toLocaleString('en')} changes{' '}
          {from === 'now' ? 'since this page was opened' : 'since the oldest that is kept'}
        </Text>
        <Button size="xs" variant="default" onClick={() => setPaused(!paused)}>
          {paused ? 'Resume' : 'Pause'}
        </Button>
        <Button size="xs" variant="default" onClick={() => setFrom(from === 'now' ? '' : 'now')}>
          {from === 'now' ? 'From the oldest that is kept' : 'From now on'}
        </Button>
      </Group>
      <Retry error={error} onRetry={retry} />
      {isGone(error) && <Text size="sm">The changes that follow the position of this page are no longer kept.</Text>}
      {changes.length === 0 && !error && (
        <Text c="dimmed">No change yet. Points that are written or deleted appear here.</Text>
      )}
      {changes.length > 0 && (
        <Wide label="changes" minWidth={560}>
          <Table striped aria-label="changes">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Change</Table.Th>
                <Table.Th>Id</Table.Th>
                <Table.Th>Shard</Table.Th>
                <Table.Th ta="right">Log index</Table.Th>
                <Table.Th ta="right">Version</Table.Th>
                <Table.Th>Payload</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {changes.map(({ number, change: { kind, point, shardId, logIndex } }) => (
                <Table.Tr key={number}>
                  <Table.Td>
                    <Badge variant="light" color={COLOURS[kind] ?? 'gray'}>
                      {kind}
                    </Badge>
                  </Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    <PointLink collection={collection} id={point?.id ?? ''} />
                  </Table.Td>
                  <Table.Td>{shardId}</Table.Td>
                  <Table.Td ta="right">{logIndex}</Table.Td>
                  <Table.Td ta="right">{kind === 'delete' ? '' : point?.version}</Table.Td>
                  <Table.Td>{kind === 'delete' ? '' : <Payload value={point?.payload ?? {}} />}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Wide>
      )}
    </Stack>
  );
}

interface Feed {
  readonly changes: readonly { readonly number: number; readonly change: Change }[];
  readonly seen: number;
  readonly error?: unknown;
  readonly waiting: boolean;
}
const EMPTY: Feed = { changes: [], seen: 0, waiting: false };

/** Follows the changes until the page is left; one call waits for the next change. A failure that may pass is shown until it has passed. */
function useChanges(collection: string, from: 'now' | '', paused: boolean): Feed & { retry: () => void } {
  const [feed, setFeed] = useState(EMPTY);
  const [attempt, setAttempt] = useState(0);
  const place = useRef<Place>({ from, cursor: '' });
  useEffect(() => {
    const isOther = place.current.from !== from;
    if (isOther) place.current = { from, cursor: '' };
    setFeed((old) => ({
      ...(isOther ? EMPTY : old),
      error: undefined,
      waiting: !paused && place.current.cursor !== '',
    }));
    if (paused) return;
    const ended = new AbortController();
    void follow(collection, { place: place.current, signal: ended.signal }, setFeed);
    return () => ended.abort();
  }, [collection, from, paused, attempt]);
  const retry = () => {
    if (isGone(feed.error)) place.current.cursor = '';
    setAttempt(attempt + 1);
  };
  return { ...feed, retry };
}

/** Whether changes behind the place of this page are not kept any more. */
const isGone = (error: unknown) => error instanceof VectronError && error.code === 'CHANGES_GONE';

interface Place {
  readonly from: 'now' | '';
  /** How far the feed was followed; empty: it was not. */
  cursor: string;
}
interface Following {
  readonly place: Place;
  readonly signal: AbortSignal;
}

async function follow(
  collection: string,
  { place, signal }: Following,
  setFeed: (change: (old: Feed) => Feed) => void,
): Promise<void> {
  while (!signal.aborted) {
    const { from, cursor } = place;
    const query = cursor === '' ? { from: from || undefined } : { cursor, waitMs: WAIT_MS };
    try {
      const answer = await api.GET('/v1/collections/{collection}/changes', {
        params: { path: { collection }, query: query as never },
        signal,
      });
      place.cursor = answer.nextCursor;
      setFeed((old) => added(old, answer.changes));
    } catch (error) {
      if (signal.aborted) return;
      setFeed((old) => ({ ...old, error, waiting: false }));
      if (!toVectronError(error).spec.retryable) return;
      await pause(RETRY_MS, signal);
    }
  }
}

/** Resolves after the time, or when the signal says that nobody waits for it. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function added(old: Feed, changes: readonly Change[]): Feed {
  const numbered = changes.map((change, at) => ({ number: old.seen + at, change })).toReversed();
  return {
    changes: [...numbered, ...old.changes].slice(0, MOST_SHOWN),
    seen: old.seen + changes.length,
    error: undefined,
    waiting: true,
  };
}
