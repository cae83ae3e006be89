import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { parseJson } from '@vectron/model/exact-json';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { count } from '../frame/figure';
import { JsonField } from '../frame/json-field';
import type { Collection } from './first-collection';

const NAMES = ['cat', 'tiger', 'trout', 'salmon', 'sparrow', 'eagle'];
const GROUPS = ['mammal', 'mammal', 'fish', 'fish', 'bird', 'bird'];

/** Points of a dimension; those of one group point into nearly one direction. */
function examples(dimension: number): string {
  const points = NAMES.map((id, place) => {
    const group = Math.floor(place / 2);
    const vector = Array.from({ length: dimension }, (_, axis) =>
      axis % 3 === group ? 1 : place % 2 === 0 ? 0.05 : 0.15,
    );
    return { id, vector, payload: { name: id, group: GROUPS[place] } };
  });
  return `[\n${points.map((point) => `  ${JSON.stringify(point)}`).join(',\n')}\n]`;
}

/** Writes points that are typed, or leads to the import of a file. */
export function FirstPoints({
  collection,
  onWritten,
}: {
  collection: Collection;
  onWritten: (collection: string) => Promise<void>;
}) {
  const [text, setText] = useState(() => examples(collection.dimension));
  const write = useMutation({
    mutationFn: () =>
      api.POST('/v1/collections/{collection}/points', {
        params: { path: { collection: collection.name } },
        body: { points: parseJson(text, 'points') as [] },
      }),
    onSuccess: () => onWritten(collection.name),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    write.mutate();
  };
  return (
    <Stack>
      <Text size="sm">
        <Anchor component={Link} to={`/collections/${encodeURIComponent(collection.name)}/import` as '/'}>
          Import a file
        </Anchor>{' '}
        by drag and drop, or write the points below.
      </Text>
      <form onSubmit={submit} aria-label="write points">
        <Stack>
          <JsonField
            label={`Points of ${collection.name}, as JSON`}
            name="points"
            minRows={4}
            maxRows={12}
            value={text}
            onChange={setText}
          />
          <Failure error={write.error} />
          {write.data && (
            <Alert color="teal" role="status">
              {count(write.data.upserted)} points were written.
            </Alert>
          )}
          <Group>
            <Button type="submit" loading={write.isPending}>
              Write the points
            </Button>
          </Group>
        </Stack>
      </form>
    </Stack>
  );
}
