import { Anchor, Button, Checkbox, Table, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Answer } from '@vectron/rest-client';
import { linkTo } from '../link-state';
import { shownValue, valueAt } from '../path';
import { Payload } from '../payload';
import { askLike } from '../search/ask';
import { Wide } from '../wide';

export type Point = Answer<'post', '/v1/collections/{collection}/points/list'>['points'][number];

/** Letters of a value that a cell shows. */
const LONGEST = 120;

interface Props {
  readonly collection: string;
  readonly points: readonly Point[];
  /** Paths; none: the whole payload in one column. */
  readonly columns: readonly string[];
  readonly order: { readonly by: string; readonly descending: boolean };
  readonly onOrder: (by: string, descending: boolean) => void;
  readonly chosen: readonly string[];
  readonly onChoose: (ids: readonly string[]) => void;
  /** Whether other rows are on their way. */
  readonly stale: boolean;
}

export function PointsTable({ collection, points, columns, order, onOrder, chosen, onChoose, stale }: Props) {
  const isAll = points.every(({ id }) => chosen.includes(id));
  const toggle = (id: string) => onChoose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  const heading = (path: string, label: string) => (
    <Heading key={path} path={path} label={label} order={order} onOrder={onOrder} />
  );
  return (
    <Wide label="points" minWidth={Math.min(320 + 120 * columns.length, 900)}>
      <Table striped highlightOnHover aria-label="points" style={{ opacity: stale ? 0.5 : 1 }} aria-busy={stale}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={30}>
              <Checkbox
                size="xs"
                aria-label="choose all rows"
                checked={isAll}
                indeterminate={!isAll && chosen.length > 0}
                onChange={() => onChoose(isAll ? [] : points.map(({ id }) => id))}
              />
            </Table.Th>
            {heading('', 'Id')}
            {columns.length === 0 ? <Table.Th>Payload</Table.Th> : columns.map((path) => heading(path, path))}
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {points.map((point) => (
            <Table.Tr key={point.id}>
              <Table.Td>
                <Checkbox
                  size="xs"
                  aria-label={`choose ${point.id}`}
                  checked={chosen.includes(point.id)}
                  onChange={() => toggle(point.id)}
                />
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere', minWidth: 80 }}>
                <PointLink collection={collection} id={point.id} />
              </Table.Td>
              {columns.length === 0 ? (
                <Table.Td>
                  <Payload value={point.payload ?? {}} />
                </Table.Td>
              ) : (
                columns.map((path) => <Cell key={path} value={valueAt(point.payload, path)} />)
              )}
              <Table.Td>
                <FindSimilar collection={collection} id={point.id} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

function Cell({ value }: { value: unknown }) {
  const text = shownValue(value);
  return (
    <Table.Td title={text} style={{ overflowWrap: 'anywhere' }}>
      {text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}
    </Table.Td>
  );
}

/** By ids there is one direction only. */
function Heading({ path, label, order, onOrder }: Pick<Props, 'order' | 'onOrder'> & { path: string; label: string }) {
  const isBy = order.by === path;
  const direction = order.descending ? 'descending' : 'ascending';
  const turned = isBy && path !== '' && !order.descending;
  return (
    <Table.Th aria-sort={isBy ? direction : 'none'}>
      <UnstyledButton fz="sm" fw={700} title={`order by ${label}`} onClick={() => onOrder(path, turned)}>
        {label}
        {isBy ? (order.descending ? ' ↓' : ' ↑') : ''}
      </UnstyledButton>
    </Table.Th>
  );
}

export function PointLink({ collection, id }: { collection: string; id: string }) {
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => (
        <Link
          {...props}
          {...({ to: '/collections/$name/point', params: { name: collection }, search: { id } } as object)}
        />
      )}
    >
      {id}
    </Anchor>
  );
}

export function FindSimilar({ collection, id }: { collection: string; id: string }) {
  const link = { to: '/collections/$name/search', params: { name: collection }, ...linkTo({ ask: askLike(id) }) };
  return (
    <Button size="compact-xs" variant="subtle" renderRoot={(props) => <Link {...props} {...(link as object)} />}>
      find similar
    </Button>
  );
}
