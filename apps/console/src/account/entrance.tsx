import { Card, Center, Stack, Title } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { ConnectionBanner } from '../frame/connection-banner';
import { MAIN, usePageTitle } from '../frame/title';

/** A form for those who are not inside yet. */
export function Entrance({ title, onSubmit, children }: { title: string; onSubmit: () => void; children: ReactNode }) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  usePageTitle();
  return (
    <Center mih="100vh" p="md" component="main" id={MAIN} tabIndex={-1}>
      <Card withBorder w="100%" maw={380} p="xl">
        <ConnectionBanner />
        <form onSubmit={submit}>
          <Stack>
            <Title order={1}>{title}</Title>
            {children}
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
