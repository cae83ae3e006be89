import { Card, Center, Stack, Title } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';

/** A form for those who are not inside yet. */
export function Entrance({ title, onSubmit, children }: { title: string; onSubmit: () => void; children: ReactNode }) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Center mih="100vh" p="md">
      <Card withBorder w={380} p="xl">
        <form onSubmit={submit}>
          <Stack>
            <Title order={2}>{title}</Title>
            {children}
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
