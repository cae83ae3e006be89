import {
  Anchor,
  Button,
  Group,
  Modal,
  NumberInput,
  Select,
  Stack,
  Switch,
  Table,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from './api';
import { Failure } from './failure';

export function CollectionsPage() {
  const [opened, dialog] = useDisclosure();
  const list = useQuery({
    queryKey: ['collections'],
    queryFn: () => api.GET('/v1/collections'),
    refetchInterval: 5_000,
  });
  const rows = list.data?.details ?? [];
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2}>Collections</Title>
        <Button onClick={dialog.open}>New collection</Button>
      </Group>
      <Failure error={list.error} />
      {list.isSuccess && rows.length === 0 ? (
        <Text c="dimmed">No collection yet. Make one here, with the CLI, or through the API.</Text>
      ) : (
        <Table striped highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th ta="right">Points</Table.Th>
              <Table.Th ta="right">Dimension</Table.Th>
              <Table.Th>Distance</Table.Th>
              <Table.Th ta="right">Shards</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((one) => (
              <Table.Tr key={one.name}>
                <Table.Td>
                  <Anchor component={Link} to={`/collections/${one.name}`}>
                    {one.name}
                  </Anchor>
                </Table.Td>
                <Table.Td ta="right">{Number(one.points).toLocaleString('en')}</Table.Td>
                <Table.Td ta="right">{one.dimension}</Table.Td>
                <Table.Td>{one.distance}</Table.Td>
                <Table.Td ta="right">{one.shards}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Modal opened={opened} onClose={dialog.close} title="New collection">
        <CreateForm onDone={dialog.close} />
      </Modal>
    </Stack>
  );
}

function CreateForm({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState('');
  const [dimension, setDimension] = useState<number | string>(384);
  const [distance, setDistance] = useState('cosine');
  const [rerank, setRerank] = useState(false);
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      api.POST('/v1/collections', {
        body: { name, dimension: Number(dimension), distance, ...(rerank ? { rerank: { enabled: true } } : {}) },
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
  return (
    <form onSubmit={submit}>
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
        <Switch
          label="Rerank results by the query's text"
          checked={rerank}
          onChange={(e) => setRerank(e.currentTarget.checked)}
        />
        <Failure error={create.error} />
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </Stack>
    </form>
  );
}
