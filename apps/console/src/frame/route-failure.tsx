import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Failure } from '../failure';
import { onReturn } from './connection';
import { retryPages } from './lazy-page';

/** Instead of a page that failed while it was downloaded or drawn; the frame around it stays. */
export function RouteFailure({ error, reset }: ErrorComponentProps) {
  const again = () => {
    retryPages();
    reset();
  };
  useEffect(() => onReturn(again), []);
  return (
    <Stack maw={640}>
      <Title order={1}>This page failed</Title>
      <Failure error={error} />
      <Group>
        <Button onClick={again}>Try again</Button>
        <Button variant="default" onClick={() => window.location.reload()}>
          Load the console again
        </Button>
      </Group>
    </Stack>
  );
}

export function NotFound() {
  return (
    <Stack maw={640}>
      <Title order={1}>There is no such page</Title>
      <Text>
        The address leads nowhere. <Link to="/">Go to the collections</Link>
      </Text>
    </Stack>
  );
}
