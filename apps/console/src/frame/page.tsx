import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  /** One or two sentences about what the page is for. */
  readonly about?: ReactNode;
  /** Beside the title. */
  readonly badge?: ReactNode;
  /** At the other end of the line of the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page below the frame, with its heading. */
export function Page({ title, about, badge, actions, children }: Props) {
  return (
    <Stack>
      <Group justify="space-between" align="start">
        <Group gap="sm">
          <Title order={1}>{title}</Title>
          {badge}
        </Group>
        {actions}
      </Group>
      {about !== undefined && (
        <Text size="sm" c="dimmed" maw={760}>
          {about}
        </Text>
      )}
      {children}
    </Stack>
  );
}
