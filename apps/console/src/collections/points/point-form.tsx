import { Alert, Button, Group, NumberInput, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { VectronError } from '@vectron/errors';
import { isPlainObject, parseJson, stringifyJson } from '@vectron/model/exact-json';
import type { Answer } from '@vectron/rest-client';
import { type FormEvent, useState } from 'react';
import { api } from '../../api';
import { Failure } from '../../failure';
import { JsonField } from '../../frame/json-field';
import { writeTokens } from '../write-tokens';

type Point = NonNullable<Answer<'post', '/v1/points/get'>['point']>;

interface Props {
  readonly collection: string;
  /** The point that is changed; undefined: one is made. */
  readonly point?: Point;
  readonly onSaved: (id: string) => void;
  /** Reads the point again after a write that found another version; missing: the point is new. */
  readonly onReload?: () => void;
}

type Expiry = 'as it is' | 'never' | 'in seconds';
const monospace = { input: { fontFamily: 'var(--mantine-font-family-monospace)' } };

/** Writes a point under the condition that nobody has changed it since it was read. */
export function PointForm({ collection, point, onSaved, onReload }: Props) {
  const before = {
    payload: stringifyJson(point?.payload ?? {}, 'payload', 2),
    vector: point ? JSON.stringify(point.vector ?? []) : '',
  };
  const [id, setId] = useState(point?.id ?? '');
  const [payload, setPayload] = useState(before.payload);
  const [vector, setVector] = useState(before.vector);
  const [expiry, setExpiry] = useState<Expiry>(point ? 'as it is' : 'never');
  const [seconds, setSeconds] = useState<number | string>(3600);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: (): Promise<{ readonly writeToken: string }> => {
      const document = objectOf(payload);
      const isPayloadAlone = point && vector === before.vector && expiry === 'as it is';
      if (isPayloadAlone) return replacePayload(collection, point, document);
      return api.POST('/v1/collections/{collection}/points', {
        params: { path: { collection } },
        body: {
          points: [
            {
              id,
              vector: vectorOf(vector),
              payload: document,
              ...(point?.sparse ? { sparse: point.sparse } : {}),
              ...(point?.vectors ? { vectors: point.vectors } : {}),
              ...ttlOf(expiry, Number(seconds), point),
              ifVersion: point?.version ?? '0',
            },
          ],
        },
      });
    },
    onSuccess: async (answer) => {
      writeTokens.keep(collection, answer);
      onSaved(id);
      await Promise.all(
        ['count', 'status', 'points', 'indexes'].map((key) =>
          queries.invalidateQueries({ queryKey: [key, collection] }),
        ),
      );
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const isChanged = payload !== before.payload || vector !== before.vector || expiry !== 'as it is';
  return (
    <form onSubmit={submit} aria-label="point">
      <Stack>
        {point === undefined && (
          <TextInput label="Id" name="id" required maxLength={512} value={id} onChange={(e) => setId(e.target.value)} />
        )}
        <JsonField
          label="Payload as JSON"
          name="payload"
          minRows={4}
          maxRows={24}
          value={payload}
          onChange={setPayload}
        />
        <Textarea
          label={`Vector as a JSON array${point?.vector ? `, ${point.vector.length} dimensions` : ''}`}
          name="vector"
          required
          autosize
          minRows={2}
          maxRows={8}
          spellCheck={false}
          styles={monospace}
          value={vector}
          onChange={(e) => setVector(e.target.value)}
        />
        <Group align="end">
          <Select
            label="Expires"
            w={160}
            data={point ? ['as it is', 'never', 'in seconds'] : ['never', 'in seconds']}
            value={expiry}
            onChange={(value) => setExpiry(value as Expiry)}
            allowDeselect={false}
          />
          {expiry === 'in seconds' && (
            <NumberInput
              label="Seconds from now"
              name="ttl"
              min={1}
              max={2 ** 32 - 1}
              w={160}
              value={seconds}
              onChange={setSeconds}
            />
          )}
          <Button type="submit" disabled={!isChanged} loading={save.isPending}>
            {point ? 'Save' : 'Write the point'}
          </Button>
        </Group>
        <SaveFailure error={save.error} onReload={onReload} />
        {point && (
          <Text size="xs" c="dimmed">
            It is saved only if its version is still {point.version}.
          </Text>
        )}
      </Stack>
    </form>
  );
}

function SaveFailure({ error, onReload }: { error: unknown; onReload?: () => void }) {
  if (error instanceof VectronError && error.code === 'VERSION_CONFLICT' && onReload) {
    return (
      <Alert color="red" title={error.code} role="alert">
        <Stack gap="xs" align="start">
          Somebody has changed this point meanwhile. Nothing was written.
          <Button size="xs" variant="default" onClick={onReload}>
            Read it again and drop my changes
          </Button>
        </Stack>
      </Alert>
    );
  }
  return <Failure error={error} />;
}

const replacePayload = (collection: string, { id, version }: Point, replace: Record<string, unknown>) =>
  api.POST('/v1/collections/{collection}/points/update', {
    params: { path: { collection } },
    body: { ids: [id], replace, ifVersion: version },
  });

function objectOf(text: string): Record<string, unknown> {
  const value = parseJson(text, 'payload');
  if (!isPlainObject(value)) throw VectronError.invalid('payload', 'a payload is a JSON object');
  return value;
}

function vectorOf(text: string): number[] {
  const value = parseJson(text, 'vector');
  if (!Array.isArray(value)) throw VectronError.invalid('vector', 'a vector is a JSON array of numbers');
  return value as number[];
}

/** The time that is left counts on from now, as a write of the whole point sets it anew. */
function ttlOf(expiry: Expiry, seconds: number, point: Point | undefined): { ttlSeconds?: number } {
  if (expiry === 'in seconds') return { ttlSeconds: seconds };
  const at = Number(point?.expiresAtMs ?? 0);
  if (expiry === 'never' || at === 0) return {};
  return { ttlSeconds: Math.max(1, Math.ceil((at - Date.now()) / 1000)) };
}
