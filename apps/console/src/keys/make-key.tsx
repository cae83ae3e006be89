import { Button, Card, Group, MultiSelect, Select, Stack, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useProfile } from '../account/profile';
import { api } from '../api';
import { Failure } from '../failure';
import { ROLES, type Role } from '../people/roles';
import { ShownOnce } from '../shown-once';

/** Of whoever is no administrator. */
const OTHERS: readonly Role[] = ['read', 'write'];
const DAY_SECONDS = 86_400;
/** Days until a key expires; none: never. */
const PERIODS = [
  { value: '0', label: 'never' },
  ...[1, 7, 30, 90, 365].map((days) => ({ value: String(days), label: days === 1 ? 'in a day' : `in ${days} days` })),
];

/** Makes a key, and shows it the one time that it can be shown. */
export function MakeKey({ onMade }: { onMade: () => Promise<void> }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('write');
  const [collections, setCollections] = useState<string[]>([]);
  const [days, setDays] = useState('0');
  const own = useProfile();
  const known = useQuery({ queryKey: ['collections'], queryFn: () => api.GET('/v1/collections') });
  const create = useMutation({
    mutationFn: () => {
      const expiresAt = days === '0' ? '0' : String(Math.floor(Date.now() / 1_000) + Number(days) * DAY_SECONDS);
      return api.POST('/v1/keys', { body: { name, role, collections, expiresAt } });
    },
    onSuccess: () => {
      setName('');
      return onMade();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Card withBorder>
      <form onSubmit={submit} aria-label="make a key">
        <Stack>
          <Title order={2}>Make a key</Title>
          <Group align="end">
            <TextInput label="Name" name="name" required value={name} onChange={(e) => setName(e.target.value)} />
            <Select
              label="Role"
              data={own?.role === 'admin' ? ROLES : OTHERS}
              value={role}
              onChange={(value) => setRole((value ?? 'write') as Role)}
              allowDeselect={false}
              w={120}
            />
            <Select
              label="Expires"
              data={PERIODS}
              value={days}
              onChange={(value) => setDays(value ?? '0')}
              allowDeselect={false}
              w={140}
            />
          </Group>
          <MultiSelect
            label="Collections"
            description="The key can only access these collections. Leave it empty for all collections of the tenant."
            placeholder={collections.length === 0 ? 'all' : undefined}
            data={(known.data?.details ?? []).map((one) => one.name)}
            value={collections}
            onChange={setCollections}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'choose no collection' }}
            maw={560}
          />
          <Failure error={create.error ?? known.error} />
          <Group>
            <Button type="submit" loading={create.isPending}>
              Make a key
            </Button>
          </Group>
          {create.data && <ShownOnce what="the key" secret={create.data.fullKey} id="new-key" />}
        </Stack>
      </form>
    </Card>
  );
}
