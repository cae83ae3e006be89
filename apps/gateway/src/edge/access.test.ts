import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { createLogger } from '@vectron/observability';
import { authInternal } from '@vectron/proto';
import type { CallContext } from '@vectron/rpc';
import { until } from '../../../../test/harness/waiting.js';
import type { Backends } from '../backends.js';
import { Authenticator } from './access.js';

const SILENCE_MS = 50;
const nothing: authInternal.Revocations = { userIds: [], apiKeyIds: [], sessionIds: [] };
const logger = createLogger('access', 'silent' as never);

/** An auth service that knows one key; `say` is what its feed tells, and it is silent otherwise. */
function authService() {
  const service = { role: 'write', valid: true, asked: 0, watches: 0, say: (_: authInternal.Revocations) => {} };
  const authenticate = async () => {
    service.asked += 1;
    if (!service.valid) throw new VectronError('UNAUTHENTICATED', 'no such key');
    return authInternal.Principal.fromPartial({ userId: 'ann', tenantId: 'ann', apiKeyId: 'k', role: service.role });
  };
  async function* watchRevocations(_: unknown, { signal }: CallContext) {
    service.watches += 1;
    const said = [nothing];
    let wake = () => {};
    signal?.addEventListener('abort', () => wake());
    service.say = (one) => {
      said.push(one);
      wake();
    };
    while (!signal?.aborted) {
      for (const one of said.splice(0)) yield one;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  return { service, backends: { authInternal: { authenticate, watchRevocations } } as unknown as Backends };
}

describe('open calls', () => {
  let authenticator: Authenticator;
  afterEach(() => authenticator.close());
  const started = (silenceMs?: number) => {
    const { service, backends } = authService();
    authenticator = new Authenticator(backends, silenceMs);
    void authenticator.follow(logger);
    return service;
  };
  const ended = (hold: ReturnType<Authenticator['hold']>) =>
    until('the call is ended', () => hold.refusal).then(({ code }) => code);

  it('a feed that falls silent is asked for again', async () => {
    const service = started(SILENCE_MS);
    await until('the feed was asked for again', () => service.watches >= 3);
  });

  it('a call ends when its key is revoked, and not when another is or the feed begins anew', async () => {
    const service = started();
    const hold = authenticator.hold(await authenticator.authenticate('vk_one'));
    await until('the feed is read', () => service.watches === 1);
    const { asked } = service;
    service.say({ ...nothing, apiKeyIds: ['another'] });
    service.say({ ...nothing, userIds: ['ann'] });
    await until('the token was asked about again', () => service.asked > asked);
    expect(hold.refusal).toBeUndefined();
    service.valid = false;
    service.say({ ...nothing, apiKeyIds: ['k'] });
    expect(await ended(hold)).toBe('UNAUTHENTICATED');
    await expect(hold.during(once(new EventTarget() as never, 'never') as Promise<unknown>)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('a call ends when what its caller may do is changed', async () => {
    const service = started();
    const hold = authenticator.hold(await authenticator.authenticate('vk_one'));
    service.role = 'read';
    await until('the feed is read', () => service.watches === 1);
    service.say({ ...nothing, userIds: ['ann'] });
    expect(await ended(hold)).toBe('PERMISSION_DENIED');
  });

  it('a call that has ended is held no longer', async () => {
    const service = started();
    const hold = authenticator.hold(await authenticator.authenticate('vk_one'));
    hold.release();
    service.valid = false;
    service.say({ ...nothing, apiKeyIds: ['k'] });
    await until('the key is refused', () =>
      authenticator.authenticate('vk_one').then(
        () => false,
        () => true,
      ),
    );
    expect(hold.refusal).toBeUndefined();
  });
});
