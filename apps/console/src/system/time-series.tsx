import 'uplot/dist/uPlot.min.css';
import { Box, Card, Group, Stack, Text, useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

interface Series {
  readonly label: string;
  /** One for each moment; null: nothing was measured. */
  readonly values: readonly (number | null)[];
  readonly color: string;
}
interface Props {
  readonly title: string;
  readonly momentsMs: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

const HEIGHT = 150;

/** Lines over time, with the newest values in words. */
export function TimeSeries({ title, momentsMs, series, format }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const scheme = useComputedColorScheme('light');
  const data = [momentsMs.map((ms) => ms / 1_000), ...series.map(({ values }) => values)] as uPlot.AlignedData;
  const newest = useRef(data);
  newest.current = data;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(element, series, format), newest.current, element);
    chart.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
    };
  }, [scheme]);
  useEffect(() => chart.current?.setData(data));
  const latest = series.map(({ label, values, color }) => ({ label, color, value: values.at(-1) ?? null }));
  const words = latest.map(({ label, value }) => `${label} ${value === null ? 'not measured' : format(value)}`);
  return (
    <Card withBorder padding="sm" data-series={title}>
      <Stack gap="xs">
        <Text fw={600} size="sm">
          {title}
        </Text>
        <Box ref={place} role="img" aria-label={`${title} over time. Newest: ${words.join(', ')}`} h={HEIGHT} />
        <Group gap="md">
          {latest.map(({ label, color, value }) => (
            <Group key={label} gap={6}>
              <Box w={10} h={10} bg={color} style={{ borderRadius: 2 }} aria-hidden />
              <Text size="xs" data-value={value ?? ''}>
                {label}: {value === null ? 'none' : format(value)}
              </Text>
            </Group>
          ))}
        </Group>
      </Stack>
    </Card>
  );
}

function optionsOf(element: HTMLElement, series: readonly Series[], format: (value: number) => string): uPlot.Options {
  const style = getComputedStyle(element);
  const ink = style.color;
  const line = style.getPropertyValue('--mantine-color-default-border');
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '11px sans-serif' };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false },
    scales: { y: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, space: 70 },
      { ...axis, size: 62, values: (_chart, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...series.map(({ label, color }) => ({
        label,
        stroke: style.getPropertyValue(/var\((.*)\)/.exec(color)?.[1] ?? '') || color,
        width: 1.5,
        points: { show: false },
      })),
    ],
  };
}
