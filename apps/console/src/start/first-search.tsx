import { Anchor, Button, Code, Group, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { stringifyJson } from '@vectron/model/exact-json';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { DataTable } from '../frame/data-table';
import { Empty } from '../frame/loaded';

/** Finds what is like a point of the collection. */
export function FirstSearch({ collection }: { collection: string }) {
  const [likeId, setLikeId] = useState('cat');
  const search = useMutation({
    mutationFn: () =>
      api.POST('/v1/collections/{collection}/points/search', {
        params: { path: { collection } },
        body: { likeId, topK: 5 },
      }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    search.mutate();
  };
  const results = search.data?.results;
  return (
    <Stack>
      <form onSubmit={submit} aria-label="search">
        <Group align="end">
          <TextInput
            label="Points like the one with this id"
            name="like"
            required
            value={likeId}
            onChange={(e) => setLikeId(e.target.value)}
          />
          <Button type="submit" loading={search.isPending}>
            Search
          </Button>
        </Group>
      </form>
      <Failure error={search.error} />
      {results?.length === 0 && <Empty title="Nothing was found">The collection has no other point.</Empty>}
      {results !== undefined && results.length > 0 && (
        <DataTable
          label="results"
          rows={results}
          keyOf={({ id }) => id}
          columns={[
            { head: 'Id', cell: ({ id }) => id },
            { head: 'Score', numeric: true, cell: ({ score }) => score.toFixed(4) },
            { head: 'Payload', cell: ({ payload }) => <Code>{stringifyJson(payload ?? {})}</Code> },
          ]}
        />
      )}
      <Text size="sm">
        <Anchor component={Link} to={`/collections/${encodeURIComponent(collection)}` as '/'}>
          Open the collection
        </Anchor>{' '}
        to filter, to search in other ways, and to see how an answer came about.
      </Text>
    </Stack>
  );
}
