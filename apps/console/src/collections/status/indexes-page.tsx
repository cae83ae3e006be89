import { Badge, Button, Group, Progress, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { type FormEvent, useState } from 'react';
import { api } from '../../api';
import { Failure } from '../../failure';
import { Confirm } from '../../frame/confirm';
import { Loading } from '../../frame/loaded';
import { useCollection } from '../names';
import { Retry } from '../retry';
import { Wide } from '../wide';
import { useIndexes } from './status';

type IndexInfo = Answer<'get', '/v1/collections/{collection}/indexes'>['indexes'][number];
const TYPES = ['keyword', 'integer', 'float', 'bool', 'datetime', 'geo', 'text'];

/** The payload indexes of a collection while they are built, and the vectors that are declared besides the first one. */
export function IndexesPage() {
  const collection = useCollection();
  const declared = useIndexes(collection, 2_000);
  const { indexes = [], sparseVectors = [], namedVectors = [] } = declared.data ?? {};
  return (
    <Stack>
      <Retry error={declared.error} onRetry={() => declared.refetch()} />
      {declared.isLoading && <Loading />}
      {declared.isSuccess && indexes.length === 0 && (
        <Text c="dimmed">
          There is no payload index yet. Filters work without one, but they read the payloads and are slower.
        </Text>
      )}
      {indexes.length > 0 && <IndexesTable collection={collection} indexes={indexes} />}
      <IndexForm collection={collection} />
      {declared.isSuccess && (
        <Stack gap="xs">
          <Title order={2}>Vectors besides the first one</Title>
          {namedVectors.length + sparseVectors.length === 0 && (
            <Text size="sm" c="dimmed">
              None.
            </Text>
          )}
          {namedVectors.map(({ name, dimension, distance, quantization }) => (
            <Text key={name} size="sm">
              {name}: {dimension} × {distance || 'cosine'}, {quantization || 'int8'}
            </Text>
          ))}
          {sparseVectors.map((name) => (
            <Text key={name} size="sm">
              {name}: sparse
            </Text>
          ))}
        </Stack>
      )}
    </Stack>
  );
}

function IndexesTable({ collection, indexes }: { collection: string; indexes: readonly IndexInfo[] }) {
  return (
    <Wide label="indexes" minWidth={640}>
      <Table striped aria-label="indexes">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Field</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th>Points in the index</Table.Th>
            <Table.Th>Values not of its type</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {indexes.map((one) => (
            <IndexRow key={one.index?.path} collection={collection} info={one} />
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

function IndexRow({ collection, info }: { collection: string; info: IndexInfo }) {
  const { index, indexed, points, ready, unread, unreadExample } = info;
  const share = points === '0' ? 100 : (100 * Number(indexed)) / Number(points);
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{index?.path}</Table.Td>
      <Table.Td>{[index?.type, index?.language, index?.analyzer].filter((one) => one).join(', ')}</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Progress value={share} w={80} aria-label={`index of ${index?.path}`} />
          <Text size="sm">
            {Number(indexed).toLocaleString('en')} of {Number(points).toLocaleString('en')}
          </Text>
          <Badge variant="light" color={ready ? 'teal' : 'yellow'}>
            {ready ? 'ready' : 'building'}
          </Badge>
        </Group>
      </Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        {unread === '0'
          ? '0'
          : `${Number(unread).toLocaleString('en')}, such as ${unreadExample?.value} of ${unreadExample?.id}`}
      </Table.Td>
      <Table.Td>
        <DropIndex collection={collection} path={index?.path ?? ''} type={index?.type ?? ''} />
      </Table.Td>
    </Table.Tr>
  );
}

function DropIndex({ collection, path, type }: { collection: string; path: string; type: string }) {
  const queries = useQueryClient();
  const drop = () =>
    api.POST('/v1/collections/{collection}/indexes/delete', {
      params: { path: { collection } },
      body: { index: { path, type } },
    });
  return (
    <Confirm
      label="drop"
      ariaLabel={`drop the index of ${path}`}
      title={`Drop the index of ${path}?`}
      action="Drop the index"
      onConfirm={drop}
      onDone={() => void queries.invalidateQueries({ queryKey: ['indexes', collection] })}
    >
      Filters by {path} then read the payloads, and are slower. The words of a text index can no longer be searched.
    </Confirm>
  );
}

function IndexForm({ collection }: { collection: string }) {
  const [path, setPath] = useState('');
  const [type, setType] = useState('keyword');
  const [language, setLanguage] = useState('');
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      api.POST('/v1/collections/{collection}/indexes', {
        params: { path: { collection } },
        body: { index: { path, type, ...(type === 'text' && language !== '' ? { language } : {}) } },
      }),
    onSuccess: async () => {
      setPath('');
      await queries.invalidateQueries({ queryKey: ['indexes', collection] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form onSubmit={submit} aria-label="new index">
      <Group align="end" gap="xs">
        <TextInput label="Field" name="path" required value={path} onChange={(e) => setPath(e.target.value)} />
        <Select
          label="Type"
          w={130}
          data={TYPES}
          value={type}
          onChange={(value) => setType(value ?? 'keyword')}
          allowDeselect={false}
        />
        {type === 'text' && (
          <TextInput
            label="Language"
            placeholder="english"
            w={130}
            value={language}
            onChange={(e) => setLanguage(e.target.value)}
          />
        )}
        <Button type="submit" loading={create.isPending}>
          Create the index
        </Button>
      </Group>
      <Failure error={create.error} />
    </form>
  );
}
