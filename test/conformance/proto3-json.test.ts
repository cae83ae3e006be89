import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changeFirstPassword, reasonOf, rest, type System, startSingle } from '../harness/system.js';
import {
  answerOf,
  asRest,
  errorAsRest,
  type JsonAnswer,
  type JsonRequest,
  send,
  settled,
  startGrpcGateway,
} from './grpc-gateway.js';

interface Case {
  name: string;
  request: JsonRequest;
  /** What the request is made with; the administrator's API key where nothing is said. */
  token?: 'login' | 'none' | 'wrong';
}
interface Agreement extends Case {
  /**
   * answer: the same JSON. error: the same error, its details included. refusal: the same status and google.rpc.Code, each
   * with its own words. status: the HTTP status alone, where the request does not get as far as grpc-gateway.
   */
  relation: 'answer' | 'error' | 'refusal' | 'status';
  status: number;
  /** Part of the answer. */
  answer?: Record<string, unknown>;
  reason?: string;
}
interface Difference extends Case {
  relation: 'difference';
  why: string;
  rest: { status: number; answer?: Record<string, unknown> };
  grpcGateway: { status: number; answer?: Record<string, unknown> };
}
interface Vectors {
  fixture: { method: string; path: string; body: unknown }[];
  cases: (Agreement | Difference)[];
}
const { fixture, cases } = JSON.parse(
  readFileSync(new URL('vectors/proto3-json.json', import.meta.url), 'utf8'),
) as Vectors;

describe('REST beside a grpc-gateway that is generated from the same protos', () => {
  let system: System;
  let gateway: Awaited<ReturnType<typeof startGrpcGateway>>;
  let login: string;
  beforeAll(async () => {
    system = await startSingle();
    gateway = await startGrpcGateway(system.grpc);
    for (const { method, path, body } of fixture) {
      expect(await rest(system.http, method, path, { key: system.adminKey, body })).toMatchObject({ status: 200 });
    }
    const credentials = { email: 'admin@vectron.local', password: await changeFirstPassword(system) };
    login = (await rest(system.http, 'POST', '/v1/users/login', { body: credentials })).body.jwtToken;
  });
  afterAll(async () => {
    await gateway?.stop();
    await system?.stop();
  });

  /** The answers of both sides to one request. */
  async function both({ request, token }: Case): Promise<{ ours: JsonAnswer; theirs: JsonAnswer }> {
    const secret = { login, none: undefined, wrong: 'vk_wrong' };
    const sent = token === undefined ? system.adminKey : secret[token];
    // Errors of a grpc-gateway name fields as the proto does.
    const headers = { 'vectron-field-names': 'snake_case', ...request.headers };
    const ours = await send(system.http, 'rest', { ...request, headers }, sent);
    const theirs = await send(gateway.url, 'grpc', request, sent);
    return { ours, theirs };
  }

  const isDifference = (one: Agreement | Difference): one is Difference => one.relation === 'difference';

  it.each(cases.filter((one): one is Agreement => !isDifference(one)))('agrees on $name', async (one) => {
    const { ours, theirs } = await both(one);
    expect([ours.status, ours.body]).toEqual([one.status, expect.anything()]);
    expect(theirs.status).toBe(one.status);
    if (one.answer) expect(ours.body).toMatchObject(one.answer);
    if (one.reason) expect(reasonOf(ours.body as object)).toBe(one.reason);
    if (one.relation === 'answer') {
      const answer = answerOf(one.request) as string;
      expect(settled(ours.body)).toEqual(settled(asRest(answer, theirs.body)));
    }
    if (one.relation === 'error') expect(ours.body).toEqual(errorAsRest(theirs.body));
    if (one.relation === 'refusal') {
      const { code } = theirs.body as { code: number };
      expect(ours.body).toEqual({ code, message: expect.any(String), details: expect.any(Array) });
    }
  });

  it.each(cases.filter(isDifference))('differs on purpose in $name', async (one) => {
    const { ours, theirs } = await both(one);
    expect(ours).toMatchObject({ status: one.rest.status, body: one.rest.answer ?? {} });
    expect(theirs).toMatchObject({ status: one.grpcGateway.status, body: one.grpcGateway.answer ?? {} });
  });
});
