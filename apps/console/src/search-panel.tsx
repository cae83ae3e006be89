import { Button, Group, NumberInput, Select, Stack, Table, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { parseJson } from '@vectron/model/exact-json';
import { type FormEvent, useEffect, useState } from 'react';
import { api, type SearchAnswer } from './api';
import { Failure } from './failure';
import { Payload } from './payload';

interface Props {
  readonly collection: string;
  /** Id to search by at once; empty: none. */
  readonly like: string;
  readonly rerank: boolean;
  readonly onSearchLike: (id: string) => void;
}

const RECALLS = [
  { value: '', label: 'default' },
  ...['0.9', '0.95', '0.98', '0.99'].map((value) => ({ value, label: value })),
  { value: 'exact', label: 'exact' },
];

function quality(found: SearchAnswer): string {
  const { recallEstimate, recallInterval, recallUnmet } = found;
  const unmet = recallUnmet ? ', the recall that was asked for is not reached' : '';
  // A mean of 1 may also have been measured; then its interval begins below.
  if (recallEstimate === 1 && (recallInterval?.low ?? 1) === 1) return `, exact${unmet}`;
  const ef = Math.max(...found.shards.map((shard) => shard.ef));
  const slack = Math.max(...found.shards.map((shard) => shard.slack ?? Number.NEGATIVE_INFINITY));
  const how = Number.isFinite(slack) ? `, slack ${slack.toFixed(3)}` : ef === 0 ? '' : `, ef ${ef}`;
  if (recallEstimate === undefined) return `${how}${unmet}`;
  const between = recallInterval && ` (${recallInterval.low.toFixed(3)} to ${recallInterval.high.toFixed(3)})`;
  return `${how}, recall of ${recallEstimate.toFixed(3)}${between ?? ''} expected${unmet}`;
}

/** How a filter was met. */
function selection({ shards }: SearchAnswer): string {
  const matching = shards.reduce((sum, shard) => sum + Number(shard.matching), 0);
  if (matching === 0) return '';
  const slow = shards.some((shard) => shard.unindexed) ? ', payloads were read: an index would make it faster' : '';
  return `, ${matching} points considered (${[...new Set(shards.map((shard) => shard.plan))].join(', ')})${slow}`;
}

/** Search by an existing point or by a vector. */
export function SearchPanel({ collection, like, rerank, onSearchLike }: Props) {
  const [likeId, setLikeId] = useState(like);
  const [vector, setVector] = useState('');
  const [query, setQuery] = useState('');
  const [filter, setFilter] = useState('');
  const [recall, setRecall] = useState<string | null>('');
  const [topK, setTopK] = useState<number | string>(10);
  const search = useMutation({
    mutationFn: async () => {
      const by = likeId === '' ? { vector: JSON.parse(vector) as number[] } : { likeId };
      const body = {
        ...by,
        ...(filter.trim() === '' ? {} : { filter: parseJson(filter, 'filter') as Record<string, unknown> }),
        query,
        topK: Number(topK),
        exact: recall === 'exact',
        recall: recall === 'exact' ? 0 : Number(recall),
      };
      return api.POST('/v1/collections/{collection}/points/search', { params: { path: { collection } }, body });
    },
  });
  const { mutate } = search;
  useEffect(() => {
    if (like !== '') mutate();
  }, [like, mutate]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  const found = search.data;
  return (
    <Stack>
      <form onSubmit={submit}>
        <Stack>
          <Group align="end">
            <TextInput
              label="Like this point"
              name="like"
              placeholder="id of a point"
              value={likeId}
              onChange={(e) => setLikeId(e.target.value)}
              w={280}
            />
            {rerank && (
              <TextInput
                label="Text for reranking"
                name="query"
                value={query}
                onChange={(e) => setQuery(e.target.value)}
                w={280}
              />
            )}
            <NumberInput label="Results" name="topK" min={1} max={1000} value={topK} onChange={setTopK} w={100} />
            <Select label="Recall" name="recall" data={RECALLS} value={recall} onChange={setRecall} w={110} />
            <Button type="submit" loading={search.isPending} disabled={likeId === '' && vector === ''}>
              Search
            </Button>
          </Group>
          <Textarea
            label="Only points that pass this filter, as JSON"
            name="filter"
            placeholder='{"field": "section", "eq": "mail"}'
            autosize
            maxRows={6}
            value={filter}
            onChange={(e) => setFilter(e.target.value)}
          />
          <Textarea
            label="Or a vector, as a JSON array"
            name="vector"
            placeholder="[0.1, 0.2, …]"
            autosize
            maxRows={4}
            value={vector}
            disabled={likeId !== ''}
            onChange={(e) => setVector(e.target.value)}
          />
        </Stack>
      </form>
      <Failure error={search.error} />
      {found && (
        <>
          <Text size="sm" c="dimmed">
            {found.results.length} results, {found.shardsAnswered} of {found.shardsAsked} shards
            {found.complete ? '' : ': incomplete'}
            {quality(found)}
            {selection(found)}
            {found.rerankedBy ? `, reranked by ${found.rerankedBy}` : ''}
          </Text>
          <Table striped>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Score</Table.Th>
                <Table.Th>Id</Table.Th>
                <Table.Th>Payload</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.results.map((hit) => (
                <Table.Tr key={hit.id}>
                  <Table.Td title={hit.explanation}>{hit.score.toFixed(4)}</Table.Td>
                  <Table.Td>{hit.id}</Table.Td>
                  <Table.Td>
                    <Payload value={hit.payload ?? {}} />
                  </Table.Td>
                  <Table.Td>
                    <Button size="compact-xs" variant="subtle" onClick={() => onSearchLike(hit.id)}>
                      find similar
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Stack>
  );
}
