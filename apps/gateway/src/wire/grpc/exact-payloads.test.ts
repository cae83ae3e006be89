import { expect, it } from '@jest/globals';
import { encodeDocument } from '@vectron/model';
import { gateway, workerData } from '@vectron/proto';
import { facetsMessage, pointInput, pointMessage, queryMessage } from './grpc-messages.js';

const N = 1234567890123456789n;
const stored = (document: object) => ({
  ...workerData.PointData.fromPartial({ id: 'a' }),
  payload: encodeDocument(document, 'payload'),
});

it('an integer that a Struct cannot hold is there as its digits, and as exact text', () => {
  const message = gateway.Point.decode(
    gateway.Point.encode(pointMessage(stored({ n: N, small: 7, deep: [{ n: -N }] }))).finish(),
  );
  expect(message.document).toEqual({ n: `${N}`, small: 7, deep: [{ n: `-${N}` }] });
  expect(message.payloadJson).toBe(`{"n":${N},"small":7,"deep":[{"n":-${N}}]}`);
  expect([...message.payload]).toEqual([
    ['n', `${N}`],
    ['small', '7'],
    ['deep', `[{"n":-${N}}]`],
  ]);
  expect(pointMessage(stored({ n: 2.5, text: `${N}` })).payloadJson).toBe('');
});

it('a point is written as it was read', () => {
  const read = pointMessage(stored({ n: N, deep: [{ n: -N }] }));
  expect(pointInput(read, 0).payload).toEqual({ n: N, deep: [{ n: -N }] });
  const wrong = { ...read, payloadJson: '{"n":1,"n":2}' };
  expect(() => pointInput(wrong, 3)).toThrow(
    'points[3].payload_json: the key "n" occurs twice in one object; send it once',
  );
});

it('values of facets and groups have their exact text, too', () => {
  const value = { value: N, count: 1n, valueJson: '' };
  const facets = facetsMessage({ values: [value, { ...value, value: 'x' }], more: false, unindexed: false });
  expect(facets.values.map(({ value, valueJson }) => [value, valueJson])).toEqual([
    [`${N}`, `${N}`],
    ['x', ''],
  ]);
  const groups = [{ value: N, results: [] }];
  const answer = { results: [], groups, complete: true, shardsAsked: 1, shardsAnswered: 1, branches: [] };
  expect(queryMessage(answer).groups).toEqual([{ value: `${N}`, valueJson: `${N}`, results: [] }]);
});
