import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newMessage } from '@vectron/model';
import { admin, auth, CONTRACT, type FieldContract, gateway, type MethodContract, messageOf } from '@vectron/proto';
import { callContext, createClient, type Def } from '@vectron/rpc';
import { reasonOf, rest, type System } from '../harness/system.js';

const SERVICES: Record<string, Def> = {
  'vectron.v1.VectronService': gateway.VectronServiceService,
  'vectron.auth.v1.AuthService': auth.AuthServiceService,
  'vectron.admin.v1.AdminService': admin.AdminServiceService,
};
const FIELDS = Object.values(CONTRACT.messages).flatMap(({ fields }) =>
  fields.filter(({ name, json }) => name !== json),
);
const SNAKE = new Set(FIELDS.map(({ name }) => name));
const CAMEL = new Set(FIELDS.map(({ json }) => json));

/** A value outside of what the proto declares, in JSON and in a message; undefined: nothing is outside. */
function wrongValue({ rules, list, type }: FieldContract): { json: unknown; message: unknown } | undefined {
  const { lte, lt, maxBytes, maxLen, maxItems, items, pattern, in: allowed } = rules ?? {};
  const most = lte ?? lt;
  if (list && maxItems !== undefined && type === 'string') {
    const value = Array.from({ length: maxItems + 1 }, (_, at) => `n${at}`);
    return { json: value, message: value };
  }
  if (list && items?.maxBytes !== undefined) {
    const value = ['x'.repeat(items.maxBytes + 1)];
    return { json: value, message: value };
  }
  if (list || type === 'message' || type === 'bytes') return undefined;
  if (most !== undefined && type !== 'string') {
    const wide = type.endsWith('64');
    return { json: wide ? String(Number(most) + 1) : most + 1, message: wide ? BigInt(most) + 1n : most + 1 };
  }
  const longest = maxBytes ?? maxLen;
  if (longest !== undefined && longest < 100_000)
    return { json: 'x'.repeat(longest + 1), message: 'x'.repeat(longest + 1) };
  if (allowed !== undefined || pattern !== undefined) return { json: '\u0001', message: '\u0001' };
  return undefined;
}

interface Row {
  readonly method: MethodContract;
  readonly service: string;
  readonly field: FieldContract;
  readonly wrong: { json: unknown; message: unknown };
}

const ROWS: readonly Row[] = Object.keys(SERVICES).flatMap((service) =>
  CONTRACT.services[service].flatMap((method) =>
    messageOf(method.request).fields.flatMap((field) => {
      const wrong = wrongValue(field);
      const isNamed = field.name !== field.json && !field.rest?.hidden && !field.rest?.readOnly;
      return wrong !== undefined && isNamed && method.http.length > 0 && method.access !== 'internal'
        ? [{ method, service, field, wrong }]
        : [];
    }),
  ),
);

const wordsIn = (texts: readonly unknown[], names: ReadonlySet<string>) =>
  texts.flatMap((text) => String(text ?? '').match(/\w+/g) ?? []).filter((word) => names.has(word));

/** A field has one name on each wire, in every error of every call. */
export function describeFieldNames(system: () => System): void {
  describe('errors name fields as the wire does', () => {
    let closers: (() => void)[] = [];
    beforeAll(() => {
      expect(ROWS.length).toBeGreaterThan(20);
    });
    afterAll(() => {
      for (const close of closers) close();
      closers = [];
    });

    it('over REST, whose names are in lowerCamelCase', async () => {
      const found: [string, string][] = [];
      for (const { method, field, wrong } of ROWS) {
        const [{ verb, path, body }] = method.http;
        if (path.includes(`{${field.name}}`)) continue;
        const url = path.replace(/\{(\w+)\}/g, 'x');
        const query = new URLSearchParams({ [field.json]: String(wrong.json) });
        const answer = await rest(system().http, verb, body ? url : `${url}?${query}`, {
          ...{ key: system().adminKey, ...(body && { body: { [field.json]: wrong.json } }) },
        });
        const { message, details } = answer.body;
        expect([method.path, field.json, wordsIn([JSON.stringify([message, details])], SNAKE)]).toEqual([
          ...[method.path, field.json, []],
        ]);
        if (reasonOf(answer.body) === 'INVALID_ARGUMENT' && String(message).startsWith(field.json)) {
          found.push([method.path, field.json]);
        }
      }
      expect(found.length).toBeGreaterThan(15);
    });

    it('over gRPC, whose names are in snake_case', async () => {
      const context = () => callContext({ authorization: `Bearer ${system().adminKey}` });
      let named = 0;
      for (const service of Object.keys(SERVICES)) {
        const rows = ROWS.filter((row) => row.service === service);
        const { api, close } = createClient(SERVICES[service], system().grpc);
        closers.push(close);
        const methods = new Map(Object.entries(SERVICES[service]).map(([name, { path }]) => [path, name]));
        for (const { method, field, wrong } of rows) {
          const request = { ...newMessage(method.request), [field.json]: wrong.message };
          const call = (api as Record<string, (request: object, context: unknown) => unknown>)[
            methods.get(method.path) as string
          ];
          const answer = call(request, context());
          if (!(answer instanceof Promise)) continue;
          const error = await answer.then(
            () => undefined,
            (failed: unknown) => failed as { message: string; details: { field?: string } },
          );
          const words = wordsIn([error?.message, error?.details.field], CAMEL);
          expect([method.path, field.name, words]).toEqual([method.path, field.name, []]);
          if (error?.details.field === field.name) named += 1;
        }
      }
      expect(named).toBeGreaterThan(15);
    });

    it('and leaves what the caller named alone, and the spelling that the caller used', async () => {
      const { http, adminKey: key } = system();
      const refused = async (path: string, body: unknown, headers?: Record<string, string>) => {
        const answer = await rest(http, 'POST', path, { key, body, headers });
        expect(answer.status).toBe(400);
        return JSON.stringify(answer.body);
      };
      const collection = { name: 'named_fields', dimension: 2 };
      expect((await rest(http, 'POST', '/v1/collections', { key, body: collection })).status).toBe(200);
      const points = '/v1/collections/named_fields/points';
      const payload = { if_version: '\ud800', release_year: 1 };
      const written = await refused(points, { points: [{ id: 'a', vector: [1, 2], payload }] });
      expect(written).toContain('points[0].payload.if_version');
      expect(written).not.toContain('ifVersion');
      const search = `${points}/search`;
      expect(await refused(search, { vector: [1, 2], topK: 1_000_000 })).toMatch(/"field":"topK".*topK must/);
      expect(await refused(search, { vector: [1, 2], top_k: 1_000_000 })).toMatch(/"field":"top_k".*top_k must/);
      const asIs = { 'vectron-field-names': 'snake_case' };
      expect(await refused(search, { vector: [1, 2], topK: 1_000_000 }, asIs)).toMatch(/"field":"top_k".*top_k must/);
      expect((await rest(http, 'DELETE', '/v1/collections/named_fields', { key })).status).toBe(200);
    });
  });
}
