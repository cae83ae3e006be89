import { Badge, Group, Stack, Table, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api';
import { Failure } from '../failure';

export function HealthPage() {
  const health = useQuery({
    queryKey: ['health'],
    queryFn: () => api.GET('/v1/system/health'),
    refetchInterval: 3_000,
  });
  return (
    <Stack>
      <Group>
        <Title order={2}>System health</Title>
        {health.data && <Badge color={health.data.status === 'ok' ? 'teal' : 'red'}>{health.data.status}</Badge>}
      </Group>
      <Failure error={health.error} />
      <Table striped>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Service</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Detail</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {health.data?.services.map((one) => (
            <Table.Tr key={one.service}>
              <Table.Td>{one.service}</Table.Td>
              <Table.Td>
                <Badge color={one.status === 'ok' ? 'teal' : 'red'}>{one.status}</Badge>
              </Table.Td>
              <Table.Td>{one.error || `${one.latencyMs.toFixed(1)} ms`}</Table.Td>
            </Table.Tr>
          ))}
          {health.data?.workers.map((one) => (
            <Table.Tr key={one.workerId}>
              <Table.Td>worker {one.workerId.slice(0, 8)}</Table.Td>
              <Table.Td>
                <Badge color={one.healthy ? 'teal' : 'red'}>{one.healthy ? 'ok' : 'down'}</Badge>
              </Table.Td>
              <Table.Td>{one.shards} shards</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
