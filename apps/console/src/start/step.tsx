import { Badge, Card, Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  readonly number: number;
  readonly title: string;
  readonly done: boolean;
  readonly children: ReactNode;
}

export function Step({ number, title, done, children }: Props) {
  return (
    <Card withBorder component="section" aria-label={title} data-done={done}>
      <Stack>
        <Group gap="sm">
          <Badge circle size="lg" color={done ? 'teal' : 'indigo'} variant={done ? 'light' : 'filled'}>
            {number}
          </Badge>
          <Title order={2}>{title}</Title>
          {done && (
            <Badge color="teal" variant="light">
              done
            </Badge>
          )}
        </Group>
        {children}
      </Stack>
    </Card>
  );
}
