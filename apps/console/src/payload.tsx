import { Code, Text } from '@mantine/core';
import { stringifyJson } from '@vectron/model/exact-json';

/** A payload in one line; the rest in a tooltip of the browser. */
export function Payload({ value }: { value: Record<string, unknown> }) {
  const entries = Object.entries(value);
  if (entries.length === 0) return <Text c="dimmed">–</Text>;
  const text = entries
    .map(([key, item]) => `${key}: ${typeof item === 'string' ? item : stringifyJson(item)}`)
    .join(' · ');
  return (
    <Code title={stringifyJson(value)} style={{ whiteSpace: 'normal' }}>
      {text.length > 200 ? `${text.slice(0, 200)}…` : text}
    </Code>
  );
}
