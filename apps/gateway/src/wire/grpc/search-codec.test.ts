import { describe, expect, it } from '@jest/globals';
import { parseJson, stringifyJson } from '@vectron/model';
import { gateway } from '@vectron/proto';
import fc from 'fast-check';
import { decodeCached, encodeCached } from '../../data/cached-answer.js';
import { structView } from '../../data/document.js';
import type { SearchAnswer } from '../../data/search-answer.js';
import { searchAnswerJson } from '../rest/fast-answers.js';
import { decodeSearchRequest, decodeUpsertRequest, encodeSearchAnswer } from './search-codec.js';

const bytes = (floats: number[]) => Buffer.from(new Float32Array(floats).buffer);
const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const json = fc
  .dictionary(
    fc.string({ unit: 'grapheme' }),
    fc.oneof(fc.jsonValue({ noUnicodeString: false, maxDepth: 3 }), fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n)),
  )
  .map((value) => parseJson(stringifyJson(value)) as Record<string, unknown>)
  .filter((value) => !Object.hasOwn(value, '__proto__'));
const hit = fc.record({
  id: fc.string(),
  score: float,
  payload: json,
  vector: fc.array(float),
  explanation: fc.string(),
});

const rest = ({ results: _, ...others }: gateway.SearchResponse) => others;

const RECALL = { recallEstimate: 0.5, recallInterval: { low: 0.25, high: 0.75 }, recallUnmet: true };

const answerOf = (
  hits: { payload: object; vector: number[]; id: string; score: number; explanation: string }[],
): SearchAnswer => ({
  ...rest(
    gateway.SearchResponse.fromPartial({
      complete: true,
      shardsAsked: 2,
      shardsAnswered: 1,
      shards: [{ shardId: 3, appliedIndex: 2n ** 60n, indexLag: 7, ef: 100, errorCode: 'UNAVAILABLE', replica: 9n }],
      queryId: 'q',
      rerankedBy: 'rule',
      ...RECALL,
    }),
  ),
  hits: hits.map((one) => ({ ...one, payload: Buffer.from(stringifyJson(one.payload)), vector: bytes(one.vector) })),
  payloadFields: false,
});

describe('codecs of the data path', () => {
  it('encode an answer that the generated codec understands', () => {
    fc.assert(
      fc.property(fc.array(hit, { maxLength: 4 }), (hits) => {
        const answer = answerOf(hits);
        const read = gateway.SearchResponse.decode(encodeSearchAnswer(answer));
        expect(read.shards).toEqual(answer.shards);
        expect(read).toMatchObject({
          complete: true,
          shardsAsked: 2,
          queryId: 'q',
          rerankedBy: 'rule',
          ...RECALL,
        });
        expect(
          read.results.map(({ id, score, vector, document, payloadJson, explanation }) => ({
            id,
            score,
            vector,
            document,
            payloadJson,
            explanation,
          })),
        ).toEqual(
          hits.map(({ id, score, vector, payload, explanation }) => ({
            id,
            score: Math.fround(score),
            vector: vector.map(Math.fround),
            document: structView(payload).value,
            payloadJson: structView(payload).valueJson,
            explanation,
          })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('write the same answer as JSON', () => {
    fc.assert(
      fc.property(fc.array(hit, { maxLength: 4 }), (hits) => {
        const { results, ...rest } = parseJson(searchAnswerJson(answerOf(hits))) as ReturnType<typeof JSON.parse>;
        // A float is written as the shortest text that is it, and zero without a sign.
        const float = (text: number | bigint) => Math.fround(Number(text)) + 0;
        type Hit = (typeof hits)[number];
        expect(results.map((one: Hit) => ({ ...one, score: float(one.score), vector: one.vector.map(float) }))).toEqual(
          hits.map((one) => ({ ...one, score: float(one.score), vector: one.vector.map(float) })),
        );
        expect(rest).toMatchObject({
          complete: true,
          queryId: 'q',
          ...RECALL,
          shards: [{ shardId: 3, appliedIndex: String(2n ** 60n) }],
        });
        expect(rest.payloadFields).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('keep a recall that was measured as nothing apart from one that was not measured', () => {
    const nothing = { ...answerOf([]), recallEstimate: 0, recallInterval: { low: 0, high: 0.25 } };
    const unknown = { ...answerOf([]), recallEstimate: undefined, recallInterval: undefined };
    for (const [answer, estimate, interval] of [
      [nothing, 0, { low: 0, high: 0.25 }],
      [unknown, undefined, undefined],
    ] as const) {
      const ways = [
        gateway.SearchResponse.decode(encodeSearchAnswer(answer)),
        JSON.parse(searchAnswerJson(answer)),
        decodeCached(encodeCached(answer)),
      ];
      expect(ways.map((one) => [one.recallEstimate, one.recallInterval])).toEqual(ways.map(() => [estimate, interval]));
    }
  });

  it('write what an explained search decided, which is a map, as a JSON object', () => {
    const step = { name: 'route', milliseconds: 0.5, details: new Map([['shards', '2']]) };
    const explanation = gateway.Explanation.fromPartial({ traceId: 't', steps: [step] });
    const written = JSON.parse(searchAnswerJson({ ...answerOf([]), explanation }));
    expect(written.explanation).toMatchObject({ traceId: 't', steps: [{ name: 'route', details: { shards: '2' } }] });
  });

  it('read requests as the generated codec does, their packed vectors as bytes', () => {
    fc.assert(
      fc.property(fc.array(float, { maxLength: 40 }), fc.string(), fc.nat(10_000), (vector, collection, topK) => {
        const request = gateway.SearchRequest.fromPartial({
          collection,
          vector,
          topK,
          ef: 7,
          consistency: { level: 'any' },
        });
        const sent = Buffer.from(gateway.SearchRequest.encode(request).finish());
        const { packedVector, ...read } = decodeSearchRequest(sent);
        expect(read).toEqual({ ...gateway.SearchRequest.decode(sent), vector: [] });
        expect(packedVector.equals(bytes(vector))).toBe(true);
        const upsert = gateway.UpsertRequest.fromPartial({
          collection,
          points: [
            { id: 'a', vector },
            { id: 'b', vector },
          ],
        });
        const { points } = decodeUpsertRequest(Buffer.from(gateway.UpsertRequest.encode(upsert).finish()));
        expect(points.map((point) => [point.id, point.packedVector.equals(bytes(vector))])).toEqual([
          ['a', true],
          ['b', true],
        ]);
      }),
    );
  });

  it('read vectors that come unpacked, and packed ones in parts', () => {
    const unpacked = Buffer.concat([1.5, 2.5].map((x) => Buffer.concat([Buffer.from([0x15]), bytes([x])])));
    expect(decodeSearchRequest(unpacked).vector).toEqual([1.5, 2.5]);
    const parts = Buffer.concat([1.5, 2.5].map((x) => Buffer.concat([Buffer.from([0x12, 4]), bytes([x])])));
    expect(decodeSearchRequest(parts).packedVector.equals(bytes([1.5, 2.5]))).toBe(true);
  });

  it('refuse bytes that are no message', () => {
    for (const wrong of [
      [0x12, 0x80],
      [0x12, 5, 1],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ]) {
      expect(() => decodeSearchRequest(Buffer.from(wrong))).toThrow();
      expect(() => decodeUpsertRequest(Buffer.from(wrong))).toThrow();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        for (const decode of [decodeSearchRequest, decodeUpsertRequest]) {
          try {
            decode(Buffer.from(random));
          } catch {
            // A clear refusal; what must not happen is a hang or a wild allocation.
          }
        }
      }),
    );
  });
});
