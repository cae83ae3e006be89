import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';

/** Leads to the page of a collection. */
export function CollectionLink({ name }: { name: string }) {
  const link = { to: '/collections/$name', params: { name } };
  return (
    <Anchor size="sm" renderRoot={(props) => <Link {...props} {...(link as object)} />}>
      {name}
    </Anchor>
  );
}
