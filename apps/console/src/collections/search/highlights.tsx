import { Mark, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Fragment, type ReactNode } from 'react';
import { api } from '../../api';
import { shownValue, valueAt } from '../path';
import { useIndexes } from '../status/status';

/** Places of words in the text at a path: from, to, in UTF-16 code units. */
type Marks = ReadonlyMap<string, readonly (readonly [number, number])[]>;
interface Hit {
  readonly id: string;
  readonly payload?: Record<string, unknown>;
}
interface TextBranch {
  readonly text?: { readonly query?: string; readonly fields?: readonly { readonly path: string }[] };
}

/** Results whose words are looked for: each takes a call for each of its fields. */
const MOST_RESULTS = 20;

/** The words of a query in the texts that it found, as the text indexes make words of both. */
export function useHighlights(
  collection: string,
  body: object,
  hits: readonly Hit[],
): { readonly marks: ReadonlyMap<string, Marks> | undefined; readonly error: unknown } {
  const branches = ((body as { branches?: TextBranch[] }).branches ?? []).filter(({ text }) => text?.query);
  const indexes = useIndexes(collection).data?.indexes ?? [];
  const textPaths = indexes.flatMap(({ index }) => (index?.type === 'text' && index.path ? [index.path] : []));
  const asked = branches.flatMap(({ text }) =>
    (text?.fields?.map(({ path }) => path) ?? textPaths).map((path) => ({ path, query: text?.query ?? '' })),
  );
  const ids = hits.map(({ id }) => id);
  const marks = useQuery({
    queryKey: ['highlights', collection, asked, ids],
    enabled: asked.length > 0 && hits.length > 0,
    retry: false,
    queryFn: async () => {
      const found = await Promise.all(
        hits.slice(0, MOST_RESULTS).map(async (hit) => [hit.id, await marksOf(collection, hit, asked)] as const),
      );
      return new Map(found);
    },
  });
  return { marks: marks.data, error: marks.error };
}

const analyzed = async (collection: string, text: string, path: string) =>
  (await api.POST('/v1/collections/{collection}/analyze', { params: { path: { collection } }, body: { text, path } }))
    .tokens;

async function marksOf(
  collection: string,
  hit: Hit,
  asked: readonly { path: string; query: string }[],
): Promise<Marks> {
  const marks = new Map<string, [number, number][]>();
  for (const { path, query } of asked) {
    const value = valueAt(hit.payload, path);
    if (typeof value !== 'string' || value === '') continue;
    const [ofQuery, ofText] = await Promise.all([analyzed(collection, query, path), analyzed(collection, value, path)]);
    const wanted = new Set(ofQuery.map(({ text }) => text));
    const places = ofText
      .filter(({ text }) => wanted.has(text))
      .map(({ start, end }) => [start, end] as [number, number]);
    marks.set(path, [...(marks.get(path) ?? []), ...places]);
  }
  return marks;
}

/** The texts in which words were found, with these marked, and the other fields in one line. */
export function HighlightedPayload({ value, marks }: { value: Record<string, unknown>; marks: Marks }) {
  const found = [...marks].filter(([, places]) => places.length > 0);
  const others = Object.entries(value).filter(([key]) => !found.some(([path]) => path === key));
  return (
    <>
      {found.map(([path, places]) => (
        <Text key={path} size="sm">
          {path}: {marked(String(valueAt(value, path)), places)}
        </Text>
      ))}
      <Text size="xs" c="dimmed" lineClamp={2}>
        {others.map(([key, one]) => `${key}: ${shownValue(one)}`).join(' · ')}
      </Text>
    </>
  );
}

function marked(text: string, places: readonly (readonly [number, number])[]): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const [start, end] of [...places].sort((a, b) => a[0] - b[0])) {
    if (start < at) continue;
    parts.push(<Fragment key={`before ${start}`}>{text.slice(at, start)}</Fragment>);
    parts.push(<Mark key={start}>{text.slice(start, end)}</Mark>);
    at = end;
  }
  return [...parts, text.slice(at)];
}
