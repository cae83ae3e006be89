import { Card, SimpleGrid, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Whole numbers with their thousands apart, and at most three significant digits of a fraction. */
export const count = (value: number | string): string =>
  Number(value).toLocaleString('en', { maximumFractionDigits: Math.abs(Number(value)) < 100 ? 2 : 0 });

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes in the largest unit that leaves at least one. */
export function bytes(value: number | string): string {
  let rest = Number(value);
  let unit = 0;
  for (; rest >= 1024 && unit < UNITS.length - 1; unit += 1) rest /= 1024;
  return `${rest.toLocaleString('en', { maximumFractionDigits: unit === 0 ? 0 : 1 })} ${UNITS[unit]}`;
}

/** A share of 1 in percent. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Seconds as `3 d 4 h`, `4 h 5 min` or `12 s`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export interface FigureProps {
  readonly label: string;
  /** As the API says it; the tooltip shows it exactly. */
  readonly value: number | string;
  readonly format?: (value: number | string) => string;
  /** Names the figure in tests. */
  readonly name: string;
  readonly color?: string;
  readonly note?: ReactNode;
}

/** One number with what it counts. */
export function Figure({ label, value, format = count, name, color, note }: FigureProps) {
  return (
    <Card withBorder padding="sm">
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={600} size="lg" c={color} data-figure={name} data-value={value} title={String(value)}>
        {format(value)}
      </Text>
      {note !== undefined && (
        <Text size="xs" c="dimmed">
          {note}
        </Text>
      )}
    </Card>
  );
}

export function Figures({ figures }: { figures: readonly FigureProps[] }) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
      {figures.map((one) => (
        <Figure key={one.name} {...one} />
      ))}
    </SimpleGrid>
  );
}
