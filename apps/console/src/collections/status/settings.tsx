import { Button, Card, Code, Group, SimpleGrid, Stack, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { stringifyJson } from '@vectron/model/exact-json';
import { type FormEvent, useState } from 'react';
import { api, type CollectionStatus } from '../../api';
import { Failure } from '../../failure';
import { ChangeableSettingsFields } from '../changeable-settings';

/** What a collection was made with; durability, reranking and embedding can be changed while it serves. */
export function Settings({ name, status }: { name: string; status: CollectionStatus }) {
  const { settings } = status;
  const [changeable, setChangeable] = useState({
    durability: settings?.durability || 'fsync',
    provider: settings?.embedding?.provider ?? '',
    rerank: settings?.rerank?.enabled === true,
  });
  const { durability, provider, rerank } = changeable;
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      api.PUT('/v1/collections/{name}/settings', {
        params: { path: { name } },
        body: {
          durability,
          rerank: { ...settings?.rerank, enabled: rerank },
          ...(provider === '' ? {} : { embedding: { ...settings?.embedding, provider } }),
        },
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['status', name] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const isChanged =
    durability !== (settings?.durability || 'fsync') ||
    rerank !== (settings?.rerank?.enabled === true) ||
    provider !== (settings?.embedding?.provider ?? '');
  return (
    <Stack gap="xs">
      <Title order={2}>Settings</Title>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Card withBorder>
          <form onSubmit={submit} aria-label="settings">
            <Stack>
              <ChangeableSettingsFields
                settings={changeable}
                onChange={setChangeable}
                providerHelp="used for texts from now on; existing vectors are kept"
              />
              <Failure error={save.error} />
              <Group>
                <Button type="submit" size="xs" disabled={!isChanged} loading={save.isPending}>
                  Save settings
                </Button>
              </Group>
            </Stack>
          </form>
        </Card>
        <Code block tabIndex={0} aria-label="all settings" mah={320} style={{ overflow: 'auto' }}>
          {stringifyJson(settings ?? {}, 'settings', 2)}
        </Code>
      </SimpleGrid>
    </Stack>
  );
}
