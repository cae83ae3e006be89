import { Alert, Badge, Button, Code, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { useState } from 'react';
import { api } from '../api';
import { Failure } from '../failure';
import { DataTable } from '../frame/data-table';
import { count } from '../frame/figure';
import { Empty, Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { momentMs } from '../moment';

type Entry = Answer<'get', '/v1/admin/audit'>['entries'][number];

const LIMITS = ['100', '300', '1000'];
const EVERY_MS = 10_000;

/** What was done and refused at this gateway, with a search over the entries that were fetched. */
export function AuditPage() {
  const [words, setWords] = useState('');
  const [limit, setLimit] = useState('100');
  const [sought] = useDebouncedValue(words, 150);
  const list = useQuery({
    queryKey: ['audit', limit],
    queryFn: () => api.GET('/v1/admin/audit', { params: { query: { limit: Number(limit) } } }),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Audit log"
      about="What this gateway was asked to change, and what it refused, the newest first. Each entry vouches for the one before."
    >
      <Group align="end">
        <TextInput
          label="Search"
          description="Every word must be in the entry."
          type="search"
          name="search"
          placeholder="who, action, target, result, address"
          value={words}
          onChange={(e) => setWords(e.target.value)}
          w={320}
        />
        <Select
          label="Newest entries"
          data={LIMITS}
          value={limit}
          onChange={(value) => setLimit(value ?? '100')}
          allowDeselect={false}
          w={130}
        />
        <Verification />
      </Group>
      <Loaded
        query={list}
        isEmpty={({ entries }) => entries.length === 0}
        empty={<Empty title="The audit log of this gateway is empty" />}
      >
        {({ entries }) => <Entries entries={entries} sought={sought} />}
      </Loaded>
    </Page>
  );
}

const textOf = ({ at, action, who, address, target, result, requestId }: Entry) =>
  [at, action, who, address, target, result, requestId].join(' ').toLowerCase();

function Entries({ entries, sought }: { entries: readonly Entry[]; sought: string }) {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const found = entries.filter((entry) => words.every((word) => textOf(entry).includes(word)));
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed" role="status" data-figure="audit.found" data-value={found.length}>
        {words.length === 0
          ? `${count(entries.length)} entries`
          : `${count(found.length)} of ${count(entries.length)} entries`}
      </Text>
      {found.length === 0 ? (
        <Empty title="No entry has these words">Older entries may have them: increase the number of entries.</Empty>
      ) : (
        <DataTable
          label="audit log"
          rows={found}
          keyOf={({ sequence }) => String(sequence)}
          columns={[
            { head: 'Number', numeric: true, cell: ({ sequence }) => sequence },
            { head: 'When', cell: ({ at }) => momentMs(Date.parse(at)) },
            { head: 'Who', cell: ({ who, userId }) => <span title={userId}>{who || 'unknown'}</span> },
            { head: 'Action', cell: ({ action }) => action },
            { head: 'Target', cell: ({ target }) => target && <Code>{target}</Code> },
            {
              head: 'Result',
              cell: ({ result }) => (
                <Badge color={result === 'OK' ? 'teal' : 'red'} variant="light">
                  {result}
                </Badge>
              ),
            },
            { head: 'Address', cell: ({ address }) => address },
            { head: 'Request', cell: ({ requestId }) => <Code>{requestId}</Code> },
          ]}
        />
      )}
    </Stack>
  );
}

function Verification() {
  const verify = useMutation({ mutationFn: () => api.GET('/v1/admin/audit/verification') });
  const found = verify.data;
  return (
    <>
      <Button variant="default" loading={verify.isPending} onClick={() => verify.mutate()}>
        Check the whole log
      </Button>
      <Failure error={verify.error} />
      {found !== undefined && (
        <Alert color={found.wrong === '' ? 'teal' : 'red'} role={found.wrong === '' ? 'status' : 'alert'} w="100%">
          {found.wrong === ''
            ? `All ${count(found.entries)} entries of the gateway ${found.gatewayId} are as they were written.`
            : found.wrong}
        </Alert>
      )}
    </>
  );
}
