import { Code, Text } from '@mantine/core';
import { stringifyJson } from '@vectron/model/exact-json';
import { shownValue } from './path';

/** Letters of a payload that a row shows. */
const LONGEST = 200;

/** A payload in one line; the rest in a tooltip of the browser. */
export function Payload({ value }: { value: Record<string, unknown> }) {
  const entries = Object.entries(value);
  if (entries.length === 0) return <Text c="dimmed">–</Text>;
  const text = entries.map(([key, item]) => `${key}: ${shownValue(item)}`).join(' · ');
  return (
    <Code title={stringifyJson(value)} style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
      {text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}
    </Code>
  );
}
