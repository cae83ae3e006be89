import { expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import type { FastifyReply } from 'fastify';
import { sendError } from './http-error.filter.js';

/** What a client gets that is refused with the error. */
function sent(error: VectronError) {
  const answer = { headers: new Headers(), body: undefined as unknown };
  const reply = {
    header(name: string, value: unknown) {
      answer.headers.set(name, String(value));
      return reply;
    },
    code: () => reply,
    send(body: unknown) {
      answer.body = body;
      return reply;
    },
  };
  sendError(reply as unknown as FastifyReply, error);
  return answer;
}

it('tells when to come back in Retry-After, and in the body to the millisecond', () => {
  for (const [code, given, seconds, told] of [
    ['OVERLOADED', 250, '1', 250],
    ['RATE_LIMITED', 2_001, '3', 2_001],
    ['OVERLOADED', undefined, '1', 1_000],
    ['UNAVAILABLE', undefined, '1', 1_000],
    ['QUOTA_EXCEEDED', undefined, null, undefined],
    ['INVALID_ARGUMENT', undefined, null, undefined],
  ] as const) {
    const { headers, body } = sent(new VectronError(code, 'no', { details: { retryAfterMs: given } }));
    const { details } = body as { details: { '@type': string; retryDelay?: string }[] };
    const info = details.find((one) => one['@type'].endsWith('RetryInfo'))?.retryDelay;
    const delay = told === undefined ? undefined : `${(told / 1_000).toFixed(3)}s`;
    expect([code, headers.get('retry-after'), info]).toEqual([code, seconds, delay]);
    const metadata = told === undefined ? {} : { retryAfterMs: String(told) };
    expect(details[0]).toMatchObject({ reason: code, metadata });
  }
});
