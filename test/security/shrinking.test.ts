import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { checkAccess, type Principal } from '@vectron/model';
import { type auth, CONTRACT } from '@vectron/proto';
import type { AuthConfig } from '../../apps/auth/src/index.js';
import { type AuthService, as, authService } from '../harness/auth-service.js';

/**
 * Rights only shrink: whatever a credential is used for, no credential that comes of it can do what it could not. Seeded
 * random calls of the auth service with everything obtained so far; each new credential is asked everything that the
 * contract has.
 */

const RUNS = 60;
const CALLS = 25;
const ROLES = ['', 'read', 'write', 'metrics', 'admin'];
const COLLECTIONS = ['one', 'two', 'three'];
const PASSWORD = 'correct horse battery';
/** Every method at the public door. */
const METHODS = Object.values(CONTRACT.services).flat();

/** Uniform numbers in [0, 1) that a seed makes again. */
class Dice {
  #drawn = 0;
  constructor(private readonly seed: number) {}
  next(): number {
    this.#drawn += 1;
    return createHash('sha256').update(`${this.seed}/${this.#drawn}`).digest().readUInt32BE() / 2 ** 32;
  }
  of<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)];
  }
  some<T>(values: readonly T[]): T[] {
    return values.filter(() => this.next() < 0.4);
  }
}

interface Held {
  readonly token: string;
  readonly how: string;
}

/** Whether the door lets a caller call each method, and with which collections. */
function abilities(principal: Principal): Set<string> {
  const can = new Set<string>();
  for (const method of METHODS) {
    try {
      checkAccess(method, principal);
    } catch (error) {
      if (!(error instanceof VectronError)) throw error;
      continue;
    }
    if (method.access === 'public') continue;
    const touched = principal.collections.length === 0 ? ['*', ...COLLECTIONS] : principal.collections;
    for (const name of touched) can.add(`${method.path} on ${name}`);
  }
  return can;
}

/** What the second can do and the first could not; empty: rights have shrunk or are the same. */
function gained(first: Principal, second: Principal): string[] {
  const had = abilities(first);
  const more = [...abilities(second)].filter((one) => !had.has(one));
  if (first.apiKeyId !== '' && first.expiresAtMs !== 0) {
    if (second.expiresAtMs === 0 || second.expiresAtMs > first.expiresAtMs)
      more.push(`lives until ${second.expiresAtMs}`);
    if (second.sessionId !== '') more.push('logs in again');
  }
  // An administrator reaches other tenants by invitations; nobody else does.
  if (first.role !== 'admin' && second.tenantId !== first.tenantId) more.push(`acts in tenant ${second.tenantId}`);
  return more;
}

class Sequence {
  readonly held: Held[] = [];
  readonly #invitations: { token: string; email: string }[] = [];
  #emails = 0;
  constructor(
    private readonly service: AuthService,
    private readonly dice: Dice,
    private readonly userIds: readonly string[],
  ) {}

  /** One call with something that is held; what it gives is held from then on. Refusals are answers too. */
  async step(): Promise<void> {
    const { auth } = this.service;
    const { token, how } = this.dice.of(this.held);
    const context = as(token);
    const keep = (got: string | undefined, name: string) => {
      if (got) this.held.push({ token: got, how: `${how} > ${name}` });
    };
    const userId = this.dice.of(this.userIds);
    const calls: (() => Promise<void>)[] = [
      async () => {
        const request = {
          name: 'k',
          role: this.dice.of(ROLES),
          collections: this.dice.some(COLLECTIONS),
          expiresAt: this.#expiry(),
        };
        keep((await auth.createApiKey(request, context)).fullKey, `createApiKey ${describeRequest(request)}`);
      },
      async () => {
        const { keys } = await auth.listApiKeys({}, context);
        const apiKeyId = this.dice.of(keys).keyPrefix;
        keep((await auth.createSdkjwt({ apiKeyId }, context)).sdkJwt, `createSdkjwt ${apiKeyId}`);
      },
      async () => {
        // Of keys that are not shown to it, too.
        const all = await this.service.keys.ofUser((await this.service.authenticator.authenticate(token)).userId);
        const apiKeyId = this.dice.of(all).id;
        keep((await auth.createSdkjwt({ apiKeyId }, context)).sdkJwt, `createSdkjwt ${apiKeyId}`);
      },
      async () => {
        const email = `invited-${++this.#emails}@example.org`;
        const wish = {
          email,
          role: this.dice.of(ROLES),
          tenantId: this.dice.of(['', ...this.userIds]),
          newTenant: this.dice.next() < 0.2,
          expiresAt: 0n,
        };
        this.#invitations.push({ token: (await auth.inviteUser(wish, context)).token, email });
      },
      async () => {
        const { token: invitation, email } = this.dice.of(this.#invitations);
        await auth.registerUser({ email, password: PASSWORD, invitation }, as());
        keep((await auth.login({ email, password: PASSWORD }, as())).jwtToken, 'registerUser with an invitation');
      },
      async () => void (await auth.setUserRole({ userId, role: this.dice.of(ROLES) }, context)),
      async () => void (await auth.setUserDisabled({ userId, disabled: this.dice.next() < 0.5 }, context)),
      async () => {
        const { password } = await auth.resetPassword({ userId }, context);
        const { email } = (await this.service.users.byId(userId)) ?? { email: '' };
        const login = await auth.login({ email, password }, as());
        await auth.changePassword({ currentPassword: password, newPassword: PASSWORD }, as(login.jwtToken));
        keep(login.jwtToken, `resetPassword ${email}`);
      },
      async () => void (await auth.updateUserProfile({ plan: this.dice.of([1, 2]) as auth.Plan }, context)),
      async () => {
        const renewed = await auth.refreshToken({ refreshToken: token });
        keep(renewed.jwtToken, 'refreshToken');
      },
      async () => {
        const { keys } = await auth.listApiKeys({}, context);
        await auth.deleteApiKey({ keyPrefix: this.dice.of(keys).keyPrefix }, context);
      },
    ];
    try {
      await this.dice.of(calls)();
    } catch (error) {
      // Also those of this sequence itself, which picks from lists that may be empty.
      if (!(error instanceof VectronError) && !(error instanceof TypeError)) throw error;
    }
  }

  #expiry(): bigint {
    const inSeconds = this.dice.of([0, 600, 3_600, 86_400]);
    return inSeconds === 0 ? 0n : BigInt(Math.floor(Date.now() / 1_000) + inSeconds);
  }
}

const describeRequest = (request: object) =>
  JSON.stringify(request, (_, value) => (typeof value === 'bigint' ? Number(value) : value));

/** A service with an administrator and two members, and the credential that the sequence begins with. */
async function beginning(dice: Dice, registration: AuthConfig['registration']) {
  const service = await authService({ registration });
  const { users, auth, keys } = service;
  const made = async (name: string, role: 'admin' | 'write' | 'read', tenantId?: string) =>
    users.create({ email: `${name}@example.org`, passwordHash: '', role, plan: 'FREE', tenantId });
  const root = await made('root', 'admin');
  await made('second', 'admin');
  const owner = await made('owner', 'write');
  const reader = await made('reader', 'read', owner.tenantId);
  const user = dice.of([root, owner, reader]);
  const { session } = await service.sessions.begin(user.id);
  const login = (await service.tokens.sign('login', user.id, session.id)).token;
  // What is there before, and more than the sequence begins with.
  await keys.create({ userId: user.id, name: 'all', role: user.role, collections: [], expiresAtMs: 0 });
  const spec = {
    name: 'first',
    role: dice.of(['read', 'write', 'admin', 'metrics']),
    collections: dice.some(COLLECTIONS),
    expiresAt: dice.next() < 0.5 ? BigInt(Math.floor(Date.now() / 1_000) + 3_600) : 0n,
  };
  const key = await auth.createApiKey(spec, as(login)).then(
    ({ fullKey }) => fullKey,
    () => undefined,
  );
  const first = dice.next() < 0.2 || key === undefined ? login : key;
  return {
    service,
    first,
    userIds: [root.id, owner.id, reader.id],
    how: first === login ? user.role : describeRequest(spec),
  };
}

describe('no sequence of calls with a credential', () => {
  for (const registration of ['closed', 'invite', 'open'] as const) {
    it(`yields one that can do what the first could not, with registration ${registration}`, async () => {
      let obtained = 0;
      for (let seed = 1; seed <= RUNS; seed += 1) {
        const dice = new Dice(seed);
        const { service, first, userIds, how } = await beginning(dice, registration);
        const before = await service.authenticator.authenticate(first);
        const sequence = new Sequence(service, dice, userIds);
        sequence.held.push({ token: first, how });
        for (let call = 0; call < CALLS; call += 1) {
          const known = sequence.held.length;
          await sequence.step();
          for (const { token, how: chain } of sequence.held.slice(known)) {
            obtained += 1;
            const after = await service.authenticator.authenticate(token).catch(() => undefined);
            const more = after === undefined ? [] : gained(before, after);
            // The seed and the chain of calls say how to see it again.
            expect({ seed, chain, more }).toEqual({ seed, chain, more: [] });
          }
        }
      }
      expect(obtained).toBeGreaterThan(RUNS);
    });
  }
});
