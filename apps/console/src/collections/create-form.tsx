import { Accordion, Button, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { capacity, type Quantization, type VectorStorage } from '@vectron/model/capacity';
import { type FormEvent, useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { ChangeableSettingsFields } from './changeable-settings';
import { mebibytes } from './status/status';

const QUANTIZATIONS: Quantization[] = ['int8', 'none', 'float16', 'binary', 'product'];
const STORAGES: VectorStorage[] = ['memory', 'mmap', 'disk'];
type Count = number | string;
const countOf = (value: Count) => (value === '' ? undefined : Number(value));

/** Makes a collection, and says what its vectors will take. */
export function CreateForm({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState('');
  const [dimension, setDimension] = useState<Count>(384);
  const [distance, setDistance] = useState('cosine');
  const [changeable, setChangeable] = useState({ durability: 'fsync', provider: '', rerank: false });
  const { durability, provider, rerank } = changeable;
  const [shards, setShards] = useState<Count>('');
  const [replicas, setReplicas] = useState<Count>('');
  const [hnswM, setHnswM] = useState<Count>('');
  const [quantization, setQuantization] = useState<Quantization>('int8');
  const [storage, setStorage] = useState<VectorStorage>('memory');
  const [expected, setExpected] = useState<Count>(1_000_000);
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      api.POST('/v1/collections', {
        body: {
          name,
          dimension: Number(dimension),
          distance,
          shards: countOf(shards),
          replicas: countOf(replicas),
          hnswM: countOf(hnswM),
          vectors: { quantization, storage },
          durability,
          ...(rerank ? { rerank: { enabled: true } } : {}),
          ...(provider.trim() === '' ? {} : { embedding: { provider: provider.trim() } }),
        },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['collections'] });
      onDone();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const taken = capacity({
    points: Number(expected),
    dimension: Number(dimension),
    m: countOf(hnswM),
    shards: countOf(shards),
    quantization,
    storage,
  });
  return (
    <form onSubmit={submit} aria-label="new collection">
      <Stack>
        <TextInput
          label="Name"
          name="name"
          required
          data-autofocus
          value={name}
          onChange={(e) => setName(e.target.value)}
          description="letters, digits, - and _"
        />
        <NumberInput
          label="Dimension"
          name="dimension"
          required
          min={1}
          max={65_536}
          value={dimension}
          onChange={setDimension}
        />
        <Select
          label="Distance"
          data={['cosine', 'euclidean', 'dot']}
          value={distance}
          onChange={(value) => setDistance(value ?? 'cosine')}
          allowDeselect={false}
        />
        <NumberInput
          label="Points that are expected"
          name="expected"
          min={0}
          max={1e10}
          thousandSeparator
          value={expected}
          onChange={setExpected}
        />
        <Text size="sm" data-testid="memory">
          Each replica of all shards takes about {mebibytes(taken.memory)} of memory
          {taken.pageCache > 0 ? `, ${mebibytes(taken.pageCache)} of page cache for the full vectors` : ''} and{' '}
          {mebibytes(taken.disk)} of disk. Payloads and their indexes come on top.
        </Text>
        <Accordion variant="contained">
          <Accordion.Item value="more">
            <Accordion.Control>More settings</Accordion.Control>
            <Accordion.Panel>
              <Stack>
                <NumberInput
                  label="Shards"
                  description="one per worker, at most 16, unless you say otherwise"
                  min={1}
                  max={64}
                  value={shards}
                  onChange={setShards}
                />
                <NumberInput
                  label="Replicas"
                  description="3 where there are as many workers, else 1"
                  min={1}
                  max={7}
                  value={replicas}
                  onChange={setReplicas}
                />
                <Select
                  label="Quantisation"
                  data={QUANTIZATIONS}
                  value={quantization}
                  onChange={(value) => setQuantization((value ?? 'int8') as Quantization)}
                  allowDeselect={false}
                />
                <Select
                  label="Full vectors"
                  data={STORAGES}
                  value={storage}
                  onChange={(value) => setStorage((value ?? 'memory') as VectorStorage)}
                  allowDeselect={false}
                />
                <NumberInput
                  label="Links a node (M)"
                  placeholder="16"
                  min={2}
                  max={128}
                  value={hnswM}
                  onChange={setHnswM}
                />
                <ChangeableSettingsFields
                  settings={changeable}
                  onChange={setChangeable}
                  providerHelp="computes the vectors of texts, so that points and searches can be given as text; one that the operator has configured, or local"
                />
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
        <Failure error={create.error} />
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </Stack>
    </form>
  );
}
