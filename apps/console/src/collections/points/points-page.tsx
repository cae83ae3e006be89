import { Alert, Badge, Button, Group, MultiSelect, Select, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useLocation, useNavigate } from '@tanstack/react-router';
import { parseJson } from '@vectron/model/exact-json';
import { type FormEvent, useState } from 'react';
import { api } from '../../api';
import { Failure } from '../../failure';
import { Loading } from '../../frame/loaded';
import { linkTo, useLinkState } from '../link-state';
import { useCollection } from '../names';
import { pathsIn } from '../path';
import { Retry } from '../retry';
import { useIndexes } from '../status/status';
import { DeletePoints } from './delete-points';
import { FilterEditor } from './filter-editor';
import { PointsTable } from './points-table';

const SIZES = ['20', '50', '100', '500'];
/** Columns of a view for which none were chosen. */
const FIRST_COLUMNS = 4;

const VIEW = ['filter', 'by', 'descending', 'columns', 'limit', 'cursor'] as const;
type View = Readonly<Record<(typeof VIEW)[number], string>>;

/** The filter of a view as the API takes it; undefined for none. */
export const filterOf = (text: string): Record<string, unknown> | undefined =>
  text.trim() === '' ? undefined : (parseJson(text, 'filter') as Record<string, unknown>);

/** Points of a collection, page by page: those that pass a filter, by id or by a value, with the columns that were chosen. */
export function PointsPage() {
  const collection = useCollection();
  const [view, setView] = useLinkState(VIEW);
  const [draft, setDraft] = useState<string>();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const page = usePage(collection, view);
  const paths = usePaths(collection, page.data?.points);
  const columns = view.columns === '' ? paths.seen.slice(0, FIRST_COLUMNS) : (JSON.parse(view.columns) as string[]);
  const filterText = draft ?? view.filter;
  const apply = (event: FormEvent) => {
    event.preventDefault();
    setView({ filter: filterText.trim(), cursor: '' });
    setDraft(undefined);
    if (filterText.trim() === view.filter) void page.refetch();
  };
  const clear = () => {
    setDraft(undefined);
    setView({ filter: '', cursor: '' });
  };
  const points = page.data?.points ?? [];
  return (
    <Stack>
      <form onSubmit={apply} aria-label="filter points">
        <Stack gap="xs">
          <FilterEditor value={filterText} onChange={setDraft} paths={paths.all} />
          <Group gap="xs">
            <Button type="submit" size="xs">
              Apply filter
            </Button>
            {filterText !== '' && (
              <Button size="xs" variant="default" onClick={clear}>
                Clear
              </Button>
            )}
            {draft !== undefined && draft.trim() !== view.filter && (
              <Badge color="yellow" variant="light" tt="none">
                not applied
              </Badge>
            )}
            {!page.isError && <Count collection={collection} filter={view.filter} />}
          </Group>
        </Stack>
      </form>
      <Group gap="xs" align="end">
        <MultiSelect
          label="Columns"
          placeholder={columns.length === 0 ? 'the whole payload' : undefined}
          size="xs"
          style={{ flex: '1 1 260px' }}
          searchable
          data={[...new Set([...paths.all, ...columns])]}
          value={columns}
          onChange={(next) => setView({ columns: JSON.stringify(next) })}
        />
        <Select
          label="Rows"
          size="xs"
          w={80}
          data={SIZES}
          value={view.limit || SIZES[0]}
          onChange={(limit) => setView({ limit: limit ?? '', cursor: '' })}
          allowDeselect={false}
        />
        <Button
          size="xs"
          variant="default"
          renderRoot={(props) => (
            <Link {...props} {...({ to: '/collections/$name/point', params: { name: collection } } as object)} />
          )}
        >
          New point
        </Button>
        <DeletePoints
          collection={collection}
          ids={chosen}
          onDone={() => {
            setChosen([]);
            void page.refetch();
          }}
        />
      </Group>
      <Retry error={page.error} onRetry={() => page.refetch()} />
      <Retry error={paths.indexes.error} onRetry={() => paths.indexes.refetch()} />
      {page.isLoading && <Loading />}
      {page.isSuccess && points.length === 0 && <Nothing filtered={view.filter !== ''} later={view.cursor !== ''} />}
      {points.length > 0 && (
        <PointsTable
          collection={collection}
          points={points}
          columns={columns}
          order={{ by: view.by, descending: view.descending !== '' }}
          onOrder={(by, descending) => setView({ by, descending: descending ? 'true' : '', cursor: '' })}
          chosen={chosen}
          onChoose={setChosen}
          stale={page.isPlaceholderData}
        />
      )}
      <Paging next={page.data?.nextCursor ?? ''} view={view} />
    </Stack>
  );
}

function usePage(collection: string, view: View) {
  return useQuery({
    queryKey: ['points', collection, view],
    queryFn: () =>
      api.POST('/v1/collections/{collection}/points/list', {
        params: { path: { collection } },
        body: {
          limit: Number(view.limit || SIZES[0]),
          ...(view.cursor === '' ? {} : { cursor: view.cursor }),
          ...(view.by === '' ? {} : { orderBy: { path: view.by, descending: view.descending !== '' } }),
          ...(view.filter === '' ? {} : { filter: filterOf(view.filter) }),
        },
      }),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** Paths of the payloads that were seen, and besides these all paths that have an index. */
function usePaths(collection: string, points: readonly { payload?: unknown }[] = []) {
  const indexes = useIndexes(collection);
  const seen = pathsIn(points.map(({ payload }) => payload));
  const indexed = indexes.data?.indexes.flatMap(({ index }) => index?.path ?? []) ?? [];
  return { seen, all: [...new Set([...seen, ...indexed])], indexes };
}

/** How many points pass the filter, as the API counts them. */
function Count({ collection, filter }: { collection: string; filter: string }) {
  const count = useQuery({
    queryKey: ['count', collection, filter],
    queryFn: () =>
      api.POST('/v1/collections/{collection}/points/count', {
        params: { path: { collection } },
        body: filter === '' ? {} : { filter: filterOf(filter) },
      }),
    retry: false,
  });
  if (count.error) return <Failure error={count.error} />;
  if (!count.data) return null;
  return (
    <Text size="sm" c="dimmed" data-testid="count">
      {count.data.exact ? '' : 'about '}
      {Number(count.data.count).toLocaleString('en')} points
      {filter === '' ? '' : ' pass'}
      {count.data.unindexed ? ', payloads were read: an index would make it faster' : ''}
    </Text>
  );
}

function Nothing({ filtered, later }: { filtered: boolean; later: boolean }) {
  if (later) return <Text c="dimmed">No more points.</Text>;
  if (filtered) return <Text c="dimmed">No point passes this filter.</Text>;
  return (
    <Alert title="No points yet" color="gray">
      Import a file, make a point here, or write points with an SDK.
    </Alert>
  );
}

/** Cursors lead forwards only: those of the pages before are kept in the history of this tab. */
function Paging({ next, view }: { next: string; view: View }) {
  const { pathname, state } = useLocation();
  const navigate = useNavigate();
  const before = (state as { before?: readonly string[] }).before ?? [];
  const go = (cursor: string, pages: readonly string[]) => {
    const link = linkTo({ ...view, cursor });
    void navigate({ to: pathname, search: link.search, state: { ...link.state, before: pages } } as never);
  };
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" disabled={view.cursor === ''} onClick={() => go('', [])}>
        First page
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={before.length === 0}
        onClick={() => go(before[before.length - 1], before.slice(0, -1))}
      >
        Back
      </Button>
      <Button size="xs" variant="default" disabled={next === ''} onClick={() => go(next, [...before, view.cursor])}>
        Next
      </Button>
    </Group>
  );
}
