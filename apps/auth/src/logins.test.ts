import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MemoryMetaStore, type MetaStore, type Operation } from '@vectron/metastore';
import { authInternal } from '@vectron/proto';
import { AttemptCounters } from './attempts.js';
import type { Caller } from './callers.js';
import { clientNetwork } from './client-network.js';
import { GuessLimits } from './guess-limits.js';
import { KnownAddresses } from './known-addresses.js';
import { Logins } from './logins.js';
import { hashPassword } from './passwords.js';
import { SessionRepository } from './sessions.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './tokens.js';
import { type User, UserRepository } from './users.js';

const ANN = 'ann@example.org';
const PASSWORD = 'correct horse';
const [HOME, STRANGER, HOTEL] = ['192.0.2.1', '198.51.100.7', '203.0.113.9'];
const HOUR_MS = 3_600_000;
const passwordHash = hashPassword(PASSWORD);

/** One auth process, whose clock is `clock.ms`; more of them share `meta`. */
async function process(meta: MetaStore = new MemoryMetaStore(), clock = { ms: 1_700_000_000_000 }) {
  const now = () => clock.ms;
  const users = new UserRepository(meta);
  const tokens = new TokenService(await SigningKeys.open(mkdtempSync(join(tmpdir(), 'vectron-logins-'))), 900);
  const sessions = new SessionRepository(meta, 'pepper', { idleMs: HOUR_MS, longestMs: 3 * HOUR_MS, most: 5 }, now);
  const counters = new AttemptCounters(meta, now);
  const settings = { addressFailures: 100, registrationsByAddress: 20, registrations: 1_000 };
  const guesses = new GuessLimits(counters, new KnownAddresses(meta, 'pepper', now), 'pepper', settings, now);
  const logins = new Logins(users, sessions, tokens, guesses);
  /** What becomes of an attempt: OK or the code of its error. */
  const attempt = async (address: string, password: string, email = ANN): Promise<string> => {
    try {
      await logins.login(email, password, address);
      return 'OK';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  return { meta, clock, users, sessions, counters, guesses, logins, attempt };
}

const makeAnn = async (users: UserRepository, email = ANN) =>
  users.create({ email, passwordHash: await passwordHash, role: 'write', plan: 'FREE' });
const callerOf = (user: User, sessionId: string): Caller => ({
  user,
  principal: authInternal.Principal.fromPartial({ userId: user.id, sessionId }),
});
const times = <T>(count: number, work: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => work(at));
const count = (all: string[], code: string) => all.filter((one) => one === code).length;

describe('a guess', () => {
  it('is counted before it is looked at: of 100 at once, in two processes, no more than the free ones are', async () => {
    const one = await process();
    const other = await process(one.meta, one.clock);
    await makeAnn(one.users);
    for (const email of [ANN, 'nobody@example.org']) {
      const all = await Promise.all(times(100, (at) => (at % 2 ? one : other).attempt(STRANGER, `guess ${at}`, email)));
      expect(count(all, 'UNAUTHENTICATED')).toBe(3);
      expect(count(all, 'UNAUTHENTICATED') + count(all, 'RATE_LIMITED') + count(all, 'OVERLOADED')).toBe(100);
    }
  });

  it('that is right is looked at however many come at once from one address', async () => {
    const { users, attempt } = await process();
    await makeAnn(users);
    await attempt(HOME, PASSWORD);
    expect(await Promise.all(times(40, () => attempt(HOME, PASSWORD)))).toEqual(Array(40).fill('OK'));
  });

  it('is refused for longer with each wrong one, up to 30 s, and a refused one does not count', async () => {
    const { users, clock, attempt } = await process();
    await makeAnn(users);
    expect(await Promise.all(times(3, () => attempt(STRANGER, 'wrong')))).toEqual(Array(3).fill('UNAUTHENTICATED'));
    for (const delayMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      for (let at = 0; at < 50; at++) expect(await attempt(STRANGER, 'wrong')).toBe('RATE_LIMITED');
      clock.ms += delayMs - 1;
      expect(await attempt(STRANGER, 'wrong')).toBe('RATE_LIMITED');
      clock.ms += 1;
      expect(await attempt(STRANGER, 'wrong')).toBe('UNAUTHENTICATED');
    }
    clock.ms += 15 * 60_000;
    expect(await Promise.all(times(3, () => attempt(STRANGER, 'wrong')))).toEqual(Array(3).fill('UNAUTHENTICATED'));
  });

  it('that is refused again costs neither a read nor a write', async () => {
    const { meta, users, attempt, logins } = await process();
    await makeAnn(users);
    for (let at = 0; at < 4; at++) await attempt(STRANGER, 'wrong');
    const calls: string[] = [];
    for (const name of ['get', 'range', 'txn'] as const) {
      const real = meta[name].bind(meta) as (...args: unknown[]) => unknown;
      Object.assign(meta, { [name]: (...args: unknown[]) => [calls.push(name), real(...args)][1] });
    }
    await expect(logins.login(ANN, 'wrong', STRANGER)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfterMs: 1_000 },
    });
    expect(calls).toEqual([]);
  });

  it('of a stranger never delays the owner at a known address, nor does a guess there delay strangers', async () => {
    const { users, clock, attempt } = await process();
    await makeAnn(users);
    expect(await attempt(HOME, PASSWORD)).toBe('OK');
    // Addresses that guess as often as they may.
    for (let at = 0; at < 60; at++) {
      await attempt(`198.51.100.${at}`, 'wrong');
      clock.ms += 500;
      expect(await attempt(HOME, PASSWORD)).toBe('OK');
    }
    for (let at = 0; at < 10; at++) await attempt(HOME, 'wrong');
    expect(await attempt(HOME, PASSWORD)).toBe('RATE_LIMITED');
    clock.ms += 30_000;
    expect(await attempt(HOME, PASSWORD)).toBe('OK');
  });

  it('of one address delays nobody at another, and of many only for seconds', async () => {
    const { users, clock, guesses, attempt } = await process();
    const { id } = await makeAnn(users);
    // A day of guessing from one address, as often as that is possible.
    for (let at = 0; at < 2_880; at++) {
      await guesses.count(await guesses.login(ANN, id, STRANGER));
      clock.ms += 30_000;
    }
    expect(await attempt(HOTEL, PASSWORD)).toBe('OK');
    for (let at = 0; at < 60; at++) await attempt(`198.51.100.${at}`, 'wrong');
    expect(await attempt('203.0.113.10', PASSWORD)).toBe('RATE_LIMITED');
    clock.ms += 10_000;
    expect(await attempt('203.0.113.10', PASSWORD)).toBe('OK');
  });

  it('of 100 accounts from one address is followed by a delay, but not for accounts that are known from there', async () => {
    const { users, guesses, attempt } = await process();
    await makeAnn(users);
    expect(await attempt(STRANGER, PASSWORD)).toBe('OK');
    for (let at = 0; at < 100; at++) {
      await guesses.count(await guesses.login(`user-${at}@example.org`, undefined, STRANGER));
    }
    expect(await attempt(STRANGER, 'wrong', 'another@example.org')).toBe('RATE_LIMITED');
    expect(await attempt(STRANGER, PASSWORD)).toBe('OK');
  });

  it('leaves no more behind than there is room for, which is swept, and no address in readable form', async () => {
    const { meta, clock, counters, guesses } = await process();
    for (let at = 0; at < 300; at++) {
      await guesses.count(await guesses.login(`made-up-${at}@example.org`, undefined, `198.51.${at % 250}.1`));
    }
    const left = async () => (await meta.range('/auth/attempts/')).entries;
    const before = await left();
    expect(before.length).toBeGreaterThan(300);
    expect(JSON.stringify(before)).not.toMatch(/made-up|198\.51/);
    clock.ms += 16 * 60_000;
    for (let part = 0; part < 256; part++) await counters.sweep();
    expect(await left()).toEqual([]);
  });
});

describe('a registration', () => {
  it('is one of so many of an address, a /64 network and all in an hour', async () => {
    const { clock, guesses } = await process();
    const register = async (address: string) => guesses.countRegistration(clientNetwork(address));
    for (let at = 0; at < 20; at++) await register(`2001:db8:1:2::${at}`);
    await expect(register('2001:db8:1:2:ffff::1')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfterMs: 180_000 },
    });
    clock.ms += 180_000;
    await register('2001:db8:1:2:ffff::1');
    await expect(register('2001:db8:1:2::1')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    let all = 0;
    await expect(
      (async () => {
        for (; all < 2_000; all++) await register(`2001:db8:2:${all.toString(16)}::1`);
      })(),
    ).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(all).toBeGreaterThan(900);
    expect(all).toBeLessThan(1_000);
  });
});

describe('an attempt that others race with', () => {
  it('is refused when it cannot be counted, and never goes on for ever', async () => {
    class Contended extends MemoryMetaStore {
      transactions = 0;
      override async txn(compares: never[], operations: Operation[]) {
        this.transactions += 1;
        for (const operation of operations) {
          if ('put' in operation) await super.txn([], [{ put: operation.put, value: operation.value }]);
        }
        return super.txn(compares, operations);
      }
    }
    const meta = new Contended();
    const counters = new AttemptCounters(meta, () => 0);
    const limits = { free: 1_000, forgetMs: 1_000, delayMs: () => 0, mostOver: 0 };
    await expect(counters.count([{ name: '00/x', limits }])).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(meta.transactions).toBeLessThanOrEqual(5);
  });
});

describe('the own password', () => {
  it('can be guessed with a session as little as at a login, and strangers cannot keep its owner from changing it', async () => {
    const { users, sessions, clock, logins, attempt } = await process();
    const user = await makeAnn(users);
    const { session } = await sessions.begin(user.id);
    const caller = callerOf(user, session.id);
    for (let at = 0; at < 30; at++) await attempt(`198.51.100.${at}`, 'wrong');
    for (let at = 0; at < 3; at++) {
      await expect(logins.checkOwnPassword(caller, 'wrong')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    await expect(logins.checkOwnPassword(caller, PASSWORD)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    clock.ms += 1_000;
    await logins.changePassword(caller, PASSWORD, 'another good one');
    expect(await sessions.byId(session.id)).toBeDefined();
  });
});

describe('a password that is changed', () => {
  /** Runs `between` when the password was looked at, before anything is made of it. */
  async function during(between: (all: Awaited<ReturnType<typeof process>>, user: User) => Promise<void>) {
    const all = await process();
    const user = await makeAnn(all.users);
    const real = all.guesses.count.bind(all.guesses);
    all.guesses.count = async (attempt) => {
      const succeeded = await real(attempt);
      return async () => {
        await succeeded();
        await between(all, user);
      };
    };
    return { ...all, user };
  }
  const reset = async ({ users }: Pick<Awaited<ReturnType<typeof process>>, 'users'>, user: User) => {
    await users.update(user.id, {
      passwordHash: await hashPassword('given by an administrator'),
      mustChangePassword: true,
    });
  };

  it('ends a login that began with the one before', async () => {
    const { meta, attempt } = await during(reset);
    expect(await attempt(HOME, PASSWORD)).toBe('UNAUTHENTICATED');
    expect((await meta.range('/auth/sessions/')).entries).toEqual([]);
  });

  it('ends a login of an account that is disabled meanwhile', async () => {
    const { meta, attempt } = await during(async ({ users }, user) => {
      await users.change(user.id, (now) => ({ ...now, disabled: true }));
    });
    expect(await attempt(HOME, PASSWORD)).toBe('UNAUTHENTICATED');
    expect((await meta.range('/auth/sessions/')).entries).toEqual([]);
  });

  it('is not changed back by a change that began with the one before', async () => {
    const { users, logins, user } = await during(reset);
    await expect(logins.changePassword(callerOf(user, 's'), PASSWORD, 'one of a thief')).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect((await users.byId(user.id))?.mustChangePassword).toBe(true);
  });
});

describe('a session', () => {
  it('is refreshed by everybody who sends its token at once, and they get the same next one', async () => {
    const { users, sessions } = await process();
    const { refreshToken } = await sessions.begin((await makeAnn(users)).id);
    const all = await Promise.all(times(50, () => sessions.refresh(refreshToken)));
    expect(new Set(all.map((one) => one.refreshToken)).size).toBe(1);
    expect(all[0].session.generation).toBe(2);
    expect((await sessions.refresh(all[0].refreshToken)).session.generation).toBe(3);
  });

  it('takes the token before the last one for ten seconds, and ends when a used one comes later', async () => {
    const { users, sessions, clock, logins } = await process();
    const first = await sessions.begin((await makeAnn(users)).id);
    const second = await logins.refresh(first.refreshToken);
    clock.ms += 10_000;
    expect((await logins.refresh(first.refreshToken)).refreshToken).toBe(second.refreshToken);
    clock.ms += 1;
    await expect(logins.refresh(first.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await sessions.byId(first.session.id)).toBeUndefined();
    await expect(logins.refresh(second.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('ends at once for a token that was replaced twice, and is not touched by a forged one', async () => {
    const { users, sessions } = await process();
    const { session, refreshToken } = await sessions.begin((await makeAnn(users)).id);
    const next = await sessions.refresh(refreshToken);
    for (const wrong of ['', 'vr_x', `${next.refreshToken}x`, next.refreshToken.replace(/_(\d+)_/, '_9_')]) {
      await expect(sessions.refresh(wrong)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    expect(await sessions.byId(session.id)).toBeDefined();
    await sessions.refresh(next.refreshToken);
    await expect(sessions.refresh(refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await sessions.byId(session.id)).toBeUndefined();
  });

  it('ends without a refresh, and after a time however often it is refreshed', async () => {
    const { users, sessions, clock } = await process();
    const { id } = await makeAnn(users);
    let { session, refreshToken } = await sessions.begin(id);
    const idle = await sessions.begin(id);
    for (let at = 0; at < 5; at++) {
      clock.ms += HOUR_MS / 2;
      ({ session, refreshToken } = await sessions.refresh(refreshToken));
    }
    expect(await sessions.byId(idle.session.id)).toBeUndefined();
    expect(await sessions.byId(session.id)).toBeDefined();
    clock.ms += HOUR_MS / 2;
    expect(await sessions.byId(session.id)).toBeUndefined();
    await expect(sessions.refresh(refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is one of few that a user may have: a new one ends the oldest, and one that is over makes room', async () => {
    const { meta, users, sessions, clock } = await process();
    const { id } = await makeAnn(users);
    const all: string[] = [];
    for (let at = 0; at < 8; at++) {
      clock.ms += 1_000;
      all.push((await sessions.begin(id)).session.id);
    }
    const live = await Promise.all(all.map(async (one) => (await sessions.byId(one)) !== undefined));
    expect(live).toEqual([...Array(3).fill(false), ...Array(5).fill(true)]);
    clock.ms += 2 * HOUR_MS;
    await sessions.begin(id);
    expect((await meta.range('/auth/sessions/')).entries).toHaveLength(1);
    expect((await meta.range('/auth/user-sessions/')).entries).toHaveLength(1);
  });

  it('of an installation of before goes on, and is among the oldest of its user', async () => {
    const { meta, users, sessions, clock } = await process();
    const { id: userId } = await makeAnn(users);
    const { session, refreshToken } = await sessions.begin(userId);
    const { endsAtMs: _, ...old } = session;
    await meta.txn(
      [],
      [
        { put: `/auth/sessions/${session.id}`, value: JSON.stringify(old) },
        { put: `/auth/user-sessions/${userId}/${session.id}`, value: '' },
      ],
    );
    for (let at = 0; at < 4; at++) await sessions.begin(userId);
    clock.ms += 1_000;
    const refreshed = await sessions.refresh(refreshToken);
    expect(refreshed.session.endsAtMs).toBe(clock.ms + 3 * HOUR_MS);
  });
});

describe('a login', () => {
  it('is written to the account, and its addresses go with the account', async () => {
    const { meta, users, attempt } = await process();
    const user = await makeAnn(users);
    expect(await attempt(HOME, PASSWORD)).toBe('OK');
    expect(await users.lastLoginMs(user.id)).toBeGreaterThan(user.createdAtMs - 1);
    const known = async () => (await meta.range('/auth/known-addresses/')).entries;
    expect(JSON.stringify(await known())).not.toContain(HOME);
    expect(await known()).toHaveLength(1);
    await users.fence(user.id);
    await users.deleteFenced(user.id);
    expect(await known()).toEqual([]);
  });
});

describe('a client', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
    ['unix:/run/x', ''],
    ['1', ''],
  ])('%s stands for %s', (address, network) => {
    expect(clientNetwork(address)).toBe(network);
  });
});
