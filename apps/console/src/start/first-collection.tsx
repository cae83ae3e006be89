import { Button, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';

export type Collection = Answer<'get', '/v1/collections'>['details'][number];

interface Props {
  readonly collections: readonly Collection[];
  readonly chosen: string | undefined;
  readonly onChoose: (name: string) => Promise<void>;
}

/** Dimension of the example points, so that they fit a collection that is made as it is proposed. */
const EXAMPLE_DIMENSION = 3;

/** Makes a collection, or chooses one that exists. */
export function FirstCollection({ collections, chosen, onChoose }: Props) {
  const [name, setName] = useState('first');
  const [dimension, setDimension] = useState<number | string>(EXAMPLE_DIMENSION);
  const [distance, setDistance] = useState('cosine');
  const create = useMutation({
    mutationFn: () => api.POST('/v1/collections', { body: { name, dimension: Number(dimension), distance } }),
    onSuccess: () => onChoose(name),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Stack>
      {collections.length > 0 && (
        <Select
          label="Collection of the next steps"
          data={collections.map((one) => one.name)}
          value={chosen ?? null}
          onChange={(value) => value !== null && void onChoose(value)}
          allowDeselect={false}
          maw={320}
        />
      )}
      <form onSubmit={submit} aria-label="make a collection">
        <Group align="end">
          <TextInput
            label="Name"
            name="collection"
            description="letters, digits, - and _"
            required
            value={name}
            onChange={(e) => setName(e.target.value)}
          />
          <NumberInput
            label="Dimension"
            name="dimension"
            description="numbers in a vector"
            required
            min={1}
            max={65_536}
            w={140}
            value={dimension}
            onChange={setDimension}
          />
          <Select
            label="Distance"
            description="how vectors are compared"
            data={['cosine', 'euclidean', 'dot']}
            value={distance}
            onChange={(value) => setDistance(value ?? 'cosine')}
            allowDeselect={false}
            w={180}
          />
          <Button type="submit" variant={collections.length > 0 ? 'default' : 'filled'} loading={create.isPending}>
            Make the collection
          </Button>
        </Group>
      </form>
      <Failure error={create.error} />
    </Stack>
  );
}
