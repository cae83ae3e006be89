import { Agent, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auth } from '@vectron/proto';
import { callContext, createClient, type GrpcClient } from '@vectron/rpc';
import { told } from '../harness/figures.js';
import { type ProcessSystem, rest, startSingle } from '../harness/system.js';

const PASSWORD = 'canary-password-47120';
const ADMIN = 'admin@vectron.local';

interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
}

/** Calls from another address of this machine: 127.0.0.0/8 is all loopback. */
class Caller {
  readonly #agent: Agent;

  constructor(
    private readonly base: string,
    address: string,
    connections = 128,
  ) {
    this.#agent = new Agent({ keepAlive: true, localAddress: address, maxSockets: connections });
  }

  post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        this.base + path,
        { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json', ...headers } },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              retryAfterSeconds: Number(answer.headers['retry-after'] ?? 0),
              body: JSON.parse(text),
            }),
          );
        },
      );
      sent.on('error', reject).end(JSON.stringify(body));
    });
  }

  login(email: string, password: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post('/v1/users/login', { email, password }, headers);
  }

  close(): void {
    this.#agent.destroy();
  }
}

const count = (answers: Answer[], status: number) => answers.filter((answer) => answer.status === status).length;

type GrpcLogin = (email: string, password: string, claimed: string) => Promise<string>;

/** Logins over gRPC that claim to come from some address: OK, or the code of the error. */
async function overGrpc<T>(system: ProcessSystem, work: (login: GrpcLogin) => Promise<T>): Promise<T> {
  const client: GrpcClient<typeof auth.AuthServiceService> = createClient(auth.AuthServiceService, system.grpc);
  try {
    return await work(async (email, password, claimed) => {
      const headers = { 'x-vectron-client-address': claimed, 'x-forwarded-for': claimed };
      try {
        await client.api.login({ email, password }, callContext({ headers, timeoutMs: 60_000 }));
        return 'OK';
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
  } finally {
    client.close();
  }
}

describe('guessing of passwords', () => {
  let system: ProcessSystem;
  const callers: Caller[] = [];
  const at = (address: string) => {
    const caller = new Caller(system.http, address);
    callers.push(caller);
    return caller;
  };
  const register = async (email: string) => {
    const answer = await rest(system.http, 'POST', '/v1/users/register', { body: { email, password: PASSWORD } });
    expect(answer.status).toBe(200);
  };

  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(async () => {
    for (const caller of callers) caller.close();
    await system?.stop();
  });

  it('looks at a handful of 100 guesses that come at once, of an account that exists as of one that does not', async () => {
    await register('guessed@example.org');
    const looked: number[] = [];
    for (const [email, address] of [
      ['guessed@example.org', '127.0.0.11'],
      ['nobody@example.org', '127.0.0.12'],
    ]) {
      const stranger = at(address);
      const guesses = Array.from({ length: 100 }, (_, guess) => stranger.login(email, `guess number ${guess}`));
      const answers = await Promise.all(guesses);
      looked.push(count(answers, 401));
      expect(answers.map(({ status }) => status).filter((status) => status !== 401 && status !== 429)).toEqual([]);
    }
    // Three are free; on a slow machine, the delays of a second and more pass while they come in.
    expect(Math.max(...looked)).toBeLessThanOrEqual(8);
  });

  it('counts the address that the connection has, whatever its headers say', async () => {
    await register('headers@example.org');
    const stranger = at('127.0.0.13');
    const statuses: number[] = [];
    for (let guess = 0; guess < 10; guess++) {
      const claimed = `10.0.0.${guess}`;
      const headers = { 'x-vectron-client-address': claimed, 'x-forwarded-for': claimed, forwarded: `for=${claimed}` };
      statuses.push((await stranger.login('headers@example.org', 'a wrong password', headers)).status);
    }
    expect(statuses.slice(0, 3)).toEqual([401, 401, 401]);
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(7);
  });

  it('counts the address that the connection has over gRPC, too', async () => {
    await register('grpc@example.org');
    const codes = await overGrpc(system, async (login) => {
      const seen: string[] = [];
      for (let guess = 0; guess < 10; guess++) {
        seen.push(await login('grpc@example.org', 'a wrong password', `10.0.1.${guess}`));
      }
      return seen;
    });
    expect(codes.slice(0, 3)).toEqual(Array(3).fill('UNAUTHENTICATED'));
    expect(codes.filter((code) => code === 'UNAUTHENTICATED').length).toBeLessThanOrEqual(7);
  });

  it('never keeps the owner of a password out: not at an address that is known, and not for long at another', async () => {
    const [home, stranger, hotel] = [at('127.0.0.1'), at('127.0.0.2'), at('127.0.0.3')];
    expect((await home.login(ADMIN, system.password)).status).toBe(200);
    let stop = false;
    let guesses = 0;
    const attack = Array.from({ length: 8 }, async () => {
      while (!stop) {
        await stranger.login(ADMIN, `guess number ${guesses++}`);
      }
    });
    try {
      while (guesses < 200) await stranger.login(ADMIN, `guess number ${guesses++}`);
      const statuses: number[] = [];
      for (let login = 0; login < 20; login++) statuses.push((await home.login(ADMIN, system.password)).status);
      expect(statuses).toEqual(Array(20).fill(200));
      const first = await hotel.login(ADMIN, system.password);
      expect(first.status).toBe(200);
    } finally {
      stop = true;
      await Promise.all(attack);
    }
    expect(guesses).toBeGreaterThan(200);
  });

  it('lets everybody log in while one address registers 110 accounts at once', async () => {
    const people = Array.from({ length: 5 }, (_, person) => `person-${person}@example.org`);
    for (const person of people) await register(person);
    const [office, stranger] = [at('127.0.0.1'), at('127.0.0.4')];
    const registrations = Array.from({ length: 110 }, (_, account) =>
      stranger.post('/v1/users/register', { email: `flood-${account}@example.org`, password: PASSWORD }),
    );
    await Promise.race(registrations);
    const logins = await told('five logins beside 110 registrations', () =>
      Promise.all(people.map((person) => office.login(person, PASSWORD))),
    );
    const answers = await Promise.all(registrations);
    expect(logins.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(count(answers, 200) + count(answers, 429)).toBe(110);
  });

  it('lets two tabs refresh one session at once, and renews nothing for a bearer token alone', async () => {
    await register('tabs@example.org');
    const tabs = at('127.0.0.1');
    const { body: login } = await tabs.login('tabs@example.org', PASSWORD);
    const refresh = (refreshToken: string) => tabs.post('/v1/auth/refresh', { refreshToken });
    const both = await Promise.all(Array.from({ length: 10 }, () => refresh(login.refreshToken)));
    expect(both.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set(both.map(({ body }) => body.refreshToken)).size).toBe(1);
    expect((await refresh(both[0].body.refreshToken)).status).toBe(200);
    const authorization = `Bearer ${both[0].body.jwtToken}`;
    expect((await tabs.post('/v1/auth/refresh', {}, { authorization })).status).toBe(400);
    const profile = await rest(system.http, 'PUT', '/v1/user/profile', {
      key: both[0].body.jwtToken,
      body: { plan: 'FREE' },
    });
    expect([profile.status, profile.body.jwtToken]).toEqual([200, '']);
  });
});

describe('guessing of passwords behind a proxy', () => {
  it('is counted by the address that a trusted proxy names, on either wire', async () => {
    const system = await startSingle(undefined, ['--no-sample', '--trusted-proxies', '127.0.0.1']);
    const proxy = new Caller(system.http, '127.0.0.1');
    const stranger = new Caller(system.http, '127.0.0.2');
    try {
      const [far, near] = ['198.51.100.7', '203.0.113.9'];
      await overGrpc(system, async (login) => {
        const codes: string[] = [];
        // What a proxy appends counts, not what its client had sent.
        for (let at = 0; at < 10; at++) codes.push(await login(ADMIN, 'a wrong password', `10.0.2.${at}, ${far}`));
        expect(codes.filter((code) => code === 'UNAUTHENTICATED').length).toBeLessThanOrEqual(7);
        expect(await login(ADMIN, system.password, near)).toBe('OK');
      });
      expect((await proxy.login(ADMIN, system.password, { 'x-forwarded-for': near })).status).toBe(200);
      expect(
        (await proxy.login(ADMIN, 'a wrong password', { 'x-forwarded-for': '\u00fc, not an address' })).status,
      ).toBe(401);
      // Nobody else's word is taken for it.
      const claims = Array.from({ length: 10 }, (_, at) => ({ 'x-forwarded-for': `10.0.2.${at}` }));
      const answers: Answer[] = [];
      for (const claim of claims) answers.push(await stranger.login(ADMIN, 'a wrong password', claim));
      expect(count(answers, 401)).toBeLessThanOrEqual(7);
      const { body } = await rest(system.http, 'GET', '/v1/admin/audit?limit=1000', { key: system.adminKey });
      const addresses = new Set((body.entries as { address: string }[]).map(({ address }) => address));
      expect([...addresses]).toEqual(expect.arrayContaining([far, near, '127.0.0.2']));
      expect([...addresses].filter((address) => address.startsWith('10.'))).toEqual([]);
    } finally {
      proxy.close();
      stranger.close();
      await system.stop();
    }
  });
});
