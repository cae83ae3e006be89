import { Badge, Button, Group, Progress, SegmentedControl, Select, Stack, Text, UnstyledButton } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Failure } from '../../failure';
import { linkTo, useLinkState } from '../link-state';
import { useCollection } from '../names';
import { pathsIn } from '../path';
import { Payload } from '../payload';
import { FilterEditor } from '../points/filter-editor';
import { filterOf } from '../points/points-page';
import { PointLink } from '../points/points-table';
import { shadesOf } from './colours';
import { type LoadedPoints, loadPoints } from './load-points';
import type { Projection } from './projection';
import { type Drawn, Scatter } from './scatter';

const SIZES = ['1000', '5000', '20000', '50000'];
const label = (size: string) => `${Number(size).toLocaleString('en')} points`;
/** Payloads that are looked into for fields to colour by. */
const MOST_LOOKED_AT = 500;

type Projected = Projection & { readonly milliseconds: number };
interface MapData {
  readonly loaded: LoadedPoints;
  readonly projection: Projected;
}

/** Points on a plane: their vectors projected to two dimensions by principal components, coloured by a field. */
export function MapPage() {
  const collection = useCollection();
  const [{ most, colour, filter }, setLink] = useLinkState(['most', 'colour', 'filter'] as const);
  const [draft, setDraft] = useState(filter);
  const [done, setDone] = useState(0);
  const ended = useRef<AbortController>(undefined);
  const size = Number(most || SIZES[1]);
  const load = useMutation({
    mutationFn: async (): Promise<MapData> => {
      ended.current?.abort();
      ended.current = new AbortController();
      const { signal } = ended.current;
      setDone(0);
      const wanted = { collection, filter: filterOf(draft), most: size, signal, onProgress: setDone };
      const loaded = await loadPoints(wanted);
      if (loaded.ids.length < 2) throw new Error('a map takes at least two points');
      return { loaded, projection: await projectInWorker(loaded, signal) };
    },
  });
  useEffect(() => () => ended.current?.abort(), []);
  const draw = () => {
    setLink({ filter: draft.trim() });
    load.mutate();
  };
  return (
    <Stack>
      <FilterEditor
        value={draft}
        onChange={setDraft}
        paths={pathsIn(load.data?.loaded.payloads.slice(0, MOST_LOOKED_AT) ?? [])}
      />
      <Group align="end" gap="xs">
        <Select
          label="Of at most"
          w={150}
          data={SIZES.map((value) => ({ value, label: label(value) }))}
          value={String(size)}
          onChange={(value) => setLink({ most: value ?? '' })}
          allowDeselect={false}
        />
        <Button loading={load.isPending} onClick={draw}>
          Draw the map
        </Button>
        {load.isPending && (
          <Button variant="default" onClick={() => ended.current?.abort()}>
            Cancel
          </Button>
        )}
      </Group>
      {load.isPending && (
        <Stack gap={4} role="status">
          <Progress value={(100 * done) / size} aria-label="points that were read" />
          <Text size="sm">{done.toLocaleString('en')} points read</Text>
        </Stack>
      )}
      <Failure error={load.error} />
      {load.data ? (
        <MapOf
          key={load.submittedAt}
          collection={collection}
          data={load.data}
          colour={colour}
          onColour={(path) => setLink({ colour: path })}
        />
      ) : (
        !load.isPending && (
          <Text c="dimmed">The first points by id, or the first that pass the filter, are read and drawn.</Text>
        )
      )}
    </Stack>
  );
}

/** Fails when the worker cannot, and ends it when nobody waits any more. */
function projectInWorker({ values, dimension }: LoadedPoints, signal: AbortSignal): Promise<Projected> {
  const worker = new Worker(new URL('./projection.worker.ts', import.meta.url), { type: 'module' });
  const answer = new Promise<Projected>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Projected | { error: string }>) =>
      'error' in data ? reject(new Error(data.error)) : resolve(data);
    worker.onerror = ({ message }) => reject(new Error(`the projection failed: ${message}`));
    signal.addEventListener('abort', () => reject(new Error('the map was cancelled')));
  });
  worker.postMessage({ values, dimension }, { transfer: [values.buffer] });
  return answer.finally(() => worker.terminate());
}

interface MapProps {
  readonly collection: string;
  readonly data: MapData;
  readonly colour: string;
  readonly onColour: (path: string) => void;
}

function MapOf({ collection, data: { loaded, projection }, colour, onColour }: MapProps) {
  const { ids, payloads } = loaded;
  const [mode, setMode] = useState('move');
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const [hovered, setHovered] = useState<number>();
  const [drawn, setDrawn] = useState<Drawn>();
  const paths = useMemo(() => pathsIn(payloads.slice(0, MOST_LOOKED_AT)), [payloads]);
  const shades = useMemo(() => shadesOf(payloads, colour), [payloads, colour]);
  const select = useCallback((points: readonly number[]) => setSelected(new Set(points)), []);
  return (
    <Stack gap="xs">
      <Group gap="xs" align="end">
        <Select
          label="Coloured by"
          w={200}
          searchable
          clearable
          placeholder="nothing"
          data={paths}
          value={colour || null}
          onChange={(path) => onColour(path ?? '')}
        />
        <SegmentedControl
          aria-label="what a drag does"
          data={[
            { value: 'move', label: 'Move' },
            { value: 'lasso', label: 'Lasso' },
          ]}
          value={mode}
          onChange={setMode}
        />
        <Selection collection={collection} ids={[...selected].map((point) => ids[point])} onClear={() => select([])} />
      </Group>
      <Scatter
        places={projection.places}
        shades={shades}
        selected={selected}
        lasso={mode === 'lasso'}
        onSelect={select}
        onHover={setHovered}
        onDrawn={setDrawn}
      />
      <Group gap="xs">
        {shades.map((shade) => (
          <UnstyledButton key={shade.label} title="choose these points" onClick={() => select(shade.points)}>
            <Badge tt="none" variant="default" leftSection={<span style={{ color: shade.colour }}>■</span>}>
              {shade.label.slice(0, 40)} ({shade.points.length.toLocaleString('en')})
            </Badge>
          </UnstyledButton>
        ))}
      </Group>
      <Group gap="xs" mih={24}>
        {hovered !== undefined && (
          <>
            <PointLink collection={collection} id={ids[hovered]} />
            <Payload value={payloads[hovered] ?? {}} />
          </>
        )}
      </Group>
      <Text size="xs" c="dimmed" data-testid="map-facts">
        {ids.length.toLocaleString('en')} points of {loaded.dimension} dimensions. Principal components of{' '}
        {projection.fitted.toLocaleString('en')} of them, found in {projection.milliseconds.toFixed(0)} ms, hold{' '}
        {(100 * projection.explained).toFixed(1)} % of the variance: points that are near each other here may be far
        apart.
        {drawn &&
          ` ${drawn.points.toLocaleString('en')} points were drawn in ${drawn.drawMs.toFixed(1)} ms, at ${drawn.framesPerSecond.toFixed(0)} frames per second.`}
      </Text>
    </Stack>
  );
}

function Selection({ collection, ids, onClear }: { collection: string; ids: readonly string[]; onClear: () => void }) {
  const navigate = useNavigate();
  if (ids.length === 0) return null;
  const show = () =>
    navigate({
      to: '/collections/$name',
      params: { name: collection },
      ...linkTo({ filter: JSON.stringify({ ids }, undefined, 2) }),
    } as never);
  return (
    <>
      <Button onClick={show}>Filter by these {ids.length.toLocaleString('en')} points</Button>
      <Button variant="default" onClick={onClear}>
        Clear
      </Button>
    </>
  );
}
