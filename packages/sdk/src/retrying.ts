import { toVectronError } from '@vectron/errors';
import { WriteOrigins } from '@vectron/model';
import { admin, auth, gateway } from '@vectron/proto';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { Method, Transport } from './transport.js';

const data = gateway.VectronServiceService;
const users = auth.AuthServiceService;
const system = admin.AdminServiceService;
const paths = (...methods: { readonly path: string }[]): ReadonlySet<string> =>
  new Set(methods.map(({ path }) => path));

/**
 * What makes something each time it is called, or is refused once it has happened: the first try may have succeeded. A
 * refresh is repeated: a server takes a refresh token again within seconds.
 */
const ONCE = paths(
  ...[data.createCollection, data.submitFeedback, users.registerUser, users.createApiKey, users.inviteUser],
  ...[users.changePassword, users.deleteUser, users.removeUser],
  ...[system.moveReplica, system.splitShard, system.rebalance, system.rotateSigningKey],
);
/** Writes that a name makes the same write when they are sent again. */
const NAMED = paths(data.upsert, data.delete, data.updatePoints, data.deletePoints);

/**
 * Repeats calls that failed for a passing reason, up to `retries` times. A write has one name over all tries, so that a
 * shard which has applied it answers as it did then: an `ifVersion` that the first try has met does not fail the second.
 */
export function retrying(transport: Transport, retries: number): Transport {
  if (retries === 0) return transport;
  const policy = retry(
    handleWhen((error) => toVectronError(error).spec.retryable),
    { maxAttempts: retries, backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 5_000 }) },
  );
  const origins = new WriteOrigins();
  return {
    async call(method, request, options) {
      if (ONCE.has(method.path)) return transport.call(method, request, options);
      const send = (message: typeof request) => policy.execute(() => transport.call(method, message, options));
      return isNamed(method, request) ? origins.run((origin) => send({ ...request, origin })) : send(request);
    },
    close: () => transport.close(),
  };
}

/** Points that a filter chooses are changed by several writes, which have no one name. */
function isNamed({ path }: Method<never, unknown>, request: object): boolean {
  return NAMED.has(path) && !('ids' in request && (request.ids as readonly string[]).length === 0);
}
