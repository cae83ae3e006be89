import { Badge, Table } from '@mantine/core';
import type { SearchAnswer } from '../../api';
import { Wide } from '../wide';

const count = (value: number | string) => Number(value).toLocaleString('en');

/** What each shard did for a search. */
export function ShardReads({ shards }: Pick<SearchAnswer, 'shards'>) {
  return (
    <Wide label="shards of this search" minWidth={720}>
      <Table aria-label="shards of this search">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Shard</Table.Th>
            <Table.Th>Worker</Table.Th>
            <Table.Th>Plan</Table.Th>
            <Table.Th ta="right">ms</Table.Th>
            <Table.Th ta="right">Visited</Table.Th>
            <Table.Th ta="right">Distances</Table.Th>
            <Table.Th ta="right">Rescored</Table.Th>
            <Table.Th ta="right">Not indexed yet</Table.Th>
            <Table.Th ta="right">Recall</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shards.map((shard) => (
            <Table.Tr key={shard.shardId}>
              <Table.Td>{shard.shardId}</Table.Td>
              <Table.Td>{shard.replica}</Table.Td>
              <Table.Td>
                {shard.errorCode ? (
                  <Badge variant="light" color="red">
                    {shard.errorCode}
                  </Badge>
                ) : (
                  shard.plan
                )}
              </Table.Td>
              <Table.Td ta="right">{shard.milliseconds.toFixed(2)}</Table.Td>
              <Table.Td ta="right">{count(shard.visited)}</Table.Td>
              <Table.Td ta="right">{count(shard.distances)}</Table.Td>
              <Table.Td ta="right">{count(shard.rescored)}</Table.Td>
              <Table.Td ta="right">{count(shard.indexLag)}</Table.Td>
              <Table.Td ta="right">
                {shard.recallEstimate === undefined ? 'not measured' : shard.recallEstimate.toFixed(3)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}
