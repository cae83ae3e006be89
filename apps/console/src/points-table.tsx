import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from './api';
import { Failure } from './failure';
import { Payload } from './payload';

/** Points by id, a page at a time. */
export function PointsTable({ collection, onSearchLike }: { collection: string; onSearchLike: (id: string) => void }) {
  const [cursors, setCursors] = useState(['']);
  const cursor = cursors[cursors.length - 1];
  const page = useQuery({
    queryKey: ['points', collection, cursor],
    queryFn: () =>
      api.GET('/v1/collections/{collection}/points', {
        params: { path: { collection }, query: { limit: 20, cursor } },
      }),
  });
  if (page.isSuccess && page.data.points.length === 0 && cursors.length === 1)
    return <Text c="dimmed">No points yet.</Text>;
  return (
    <Stack>
      <Failure error={page.error} />
      <Table striped>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Id</Table.Th>
            <Table.Th>Payload</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {page.data?.points.map((point) => (
            <Table.Tr key={point.id}>
              <Table.Td>{point.id}</Table.Td>
              <Table.Td>
                <Payload value={point.payload ?? {}} />
              </Table.Td>
              <Table.Td>
                <Button size="compact-xs" variant="subtle" onClick={() => onSearchLike(point.id)}>
                  find similar
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group>
        <Button variant="default" disabled={cursors.length === 1} onClick={() => setCursors(cursors.slice(0, -1))}>
          Back
        </Button>
        <Button
          variant="default"
          disabled={!page.data?.nextCursor}
          onClick={() => setCursors([...cursors, page.data?.nextCursor ?? ''])}
        >
          Next
        </Button>
      </Group>
    </Stack>
  );
}
