import { Code, Group, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { Answer } from '@vectron/rest-client';
import { api } from '../api';
import { Confirm } from '../frame/confirm';
import { DataTable } from '../frame/data-table';
import { Empty, Loaded } from '../frame/loaded';
import { Page } from '../frame/page';
import { moment } from '../moment';
import { MakeKey } from './make-key';

type ApiKey = Answer<'get', '/v1/keys'>['keys'][number];

/** The API keys of the account. */
export function KeysPage() {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: ['keys'], queryFn: () => api.GET('/v1/keys') });
  const reload = () => queries.invalidateQueries({ queryKey: ['keys'] });
  return (
    <Page
      title="API keys"
      about="A program shows a key with every request. Give each program its own key, with no more rights than it needs."
    >
      <MakeKey onMade={reload} />
      <Loaded
        query={list}
        isEmpty={({ keys }) => keys.length === 0}
        empty={<Empty title="There is no API key">Make one above for the first program.</Empty>}
      >
        {({ keys }) => <Keys keys={keys} onRevoked={reload} />}
      </Loaded>
    </Page>
  );
}

function Keys({ keys, onRevoked }: { keys: readonly ApiKey[]; onRevoked: () => void }) {
  return (
    <DataTable
      label="API keys"
      rows={keys}
      keyOf={({ keyPrefix }) => keyPrefix}
      columns={[
        { head: 'Key', cell: ({ keyPrefix }) => <Code>{keyPrefix}</Code> },
        { head: 'Name', cell: ({ name }) => name },
        { head: 'Role', cell: ({ role }) => role },
        { head: 'Collections', cell: ({ collections }) => collections.join(', ') || 'all' },
        { head: 'Made', cell: ({ createdAt }) => moment(createdAt) },
        { head: 'Expires', cell: ({ expiresAt }) => <Expiry seconds={expiresAt} /> },
        {
          head: 'Actions',
          cell: (key) => (
            <Confirm
              label="revoke"
              ariaLabel={`revoke ${key.name || key.keyPrefix}`}
              title={`Revoke ${key.name || key.keyPrefix}?`}
              action="Revoke the key"
              onConfirm={() => api.DELETE('/v1/keys/{key_prefix}', { params: { path: { key_prefix: key.keyPrefix } } })}
              onDone={onRevoked}
            >
              <Stack gap="xs">
                <Group gap="xs">
                  The key <Code>{key.keyPrefix}</Code> is refused from then on.
                </Group>
                <div>Programs that use it stop working. A revoked key cannot be brought back.</div>
              </Stack>
            </Confirm>
          ),
        },
      ]}
    />
  );
}

function Expiry({ seconds }: { seconds: string }) {
  const isOver = Number(seconds) !== 0 && Number(seconds) * 1_000 <= Date.now();
  return isOver ? `${moment(seconds)}: expired` : moment(seconds);
}
