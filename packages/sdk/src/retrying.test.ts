import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { toVectronError, VectronError } from '@vectron/errors';
import { gateway } from '@vectron/proto';
import { answerOf } from '../../../test/harness/answer-of.js';
import { retrying } from './retrying.js';
import type { CallOptions, Transport } from './transport.js';

const { search, upsert, submitFeedback } = gateway.VectronServiceService;
const SEARCH = gateway.SearchRequest.fromPartial({ collection: 'c' });

/** Refuses calls with what `refusal` gives, if any; keeps when each came, and with which limits. */
function refusing(refusal: (call: number) => VectronError | undefined) {
  const calls: { readonly atMs: number; readonly request: object; readonly options?: CallOptions }[] = [];
  const transport: Transport = {
    async call(method, request, options) {
      calls.push({ atMs: Date.now(), request, options });
      const error = refusal(calls.length);
      if (error !== undefined) throw error;
      return answerOf(method);
    },
    close() {},
  };
  return { calls, transport };
}
const overloaded = (retryAfterMs?: number) => new VectronError('OVERLOADED', 'no', { details: { retryAfterMs } });
/** The code that a call ends with, once all of its pauses are over. */
async function ended(call: Promise<unknown>): Promise<string> {
  const code = call.then(
    () => 'OK',
    (error: unknown) => toVectronError(error).code,
  );
  await jest.runAllTimersAsync();
  return code;
}

describe('a client whose calls are refused', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('waits for as long as the server asks, and a random while longer each time', async () => {
    const times = async (random: number) => {
      jest.setSystemTime(0);
      const { calls, transport } = refusing((call) => (call < 4 ? overloaded(400) : undefined));
      const client = retrying(transport, { retries: 4, timeoutMs: 30_000, random: () => random });
      expect(await ended(client.call(search, SEARCH))).toBe('OK');
      return calls.map(({ atMs }) => Math.round(atMs));
    };
    expect(await times(0)).toEqual([0, 425, 875, 1_375]);
    expect(await times(1)).toEqual([0, 450, 950, 1_550]);
  });

  it('stops when its time would be over, and gives each try no more than what is left', async () => {
    const { calls, transport } = refusing(() => overloaded(1_000));
    const client = retrying(transport, { retries: 100, timeoutMs: 2_500, random: () => 0 });
    expect(await ended(client.call(search, SEARCH))).toBe('OVERLOADED');
    expect(calls.map(({ options }) => Math.round(options?.timeoutMs ?? 0))).toEqual([2_500, 1_475, 425]);
  });

  it('makes no more than a fifth as many retries as calls, once it has used up what it had saved', async () => {
    const { calls, transport } = refusing(() => overloaded(10));
    const client = retrying(transport, { retries: 4, timeoutMs: 30_000 });
    const make = async (count: number) => {
      const before = calls.length;
      for (let at = 0; at < count; at += 1) await ended(client.call(search, SEARCH));
      return calls.length - before - count;
    };
    expect(await make(100)).toBeLessThanOrEqual(100 + 20);
    expect(await make(1_000)).toBeLessThanOrEqual(200);
    expect(await make(1_000)).toBeGreaterThanOrEqual(190);
  });

  it('repeats a write that has a name under that name, and not what may have been done', async () => {
    const named = refusing((call) => (call < 3 ? overloaded() : undefined));
    const write = gateway.UpsertRequest.fromPartial({ collection: 'c' });
    const client = retrying(named.transport, { retries: 4, timeoutMs: 30_000 });
    expect(await ended(client.call(upsert, write))).toBe('OK');
    const origins = named.calls.map(({ request }) => (request as gateway.UpsertRequest).origin);
    expect(origins).toEqual([origins[0], origins[0], origins[0]]);
    expect(origins[0]?.sequence).toBe(1n);
    const once = refusing(() => overloaded());
    const feedback = gateway.SubmitFeedbackRequest.fromPartial({ collection: 'c' });
    const limits = { retries: 4, timeoutMs: 30_000 };
    expect(await ended(retrying(once.transport, limits).call(submitFeedback, feedback))).toBe('OVERLOADED');
    expect(once.calls).toHaveLength(1);
  });

  it('turns to another server at once where one cannot be reached', async () => {
    const away = new VectronError('UNAVAILABLE', 'no', { details: { retryAfterMs: 1_000 } });
    const { calls, transport } = refusing((call) => (call === 1 ? away : undefined));
    const client = retrying(transport, { retries: 4, timeoutMs: 30_000, random: () => 0 });
    expect(await ended(client.call(search, SEARCH))).toBe('OK');
    expect(calls[1].atMs).toBe(25);
  });
});
