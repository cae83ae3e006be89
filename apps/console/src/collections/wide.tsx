import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  /** What the table lists. */
  readonly label: string;
  /** Pixels below which the table scrolls sideways by itself, also by the arrow keys. */
  readonly minWidth: number;
  readonly children: ReactNode;
}

/** Holds a table that may be wider than the page. */
export function Wide({ label, minWidth, children }: Props) {
  return (
    <Table.ScrollContainer
      minWidth={minWidth}
      type="native"
      tabIndex={0}
      role="region"
      aria-label={`${label}: scrolls sideways`}
    >
      {children}
    </Table.ScrollContainer>
  );
}
