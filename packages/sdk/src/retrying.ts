import { toVectronError } from '@vectron/errors';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { VectronClient } from './client.js';

/**
 * Retries what failed for a passing reason. Every call of the interface may be repeated: an upsert or delete
 * twice has the effect of once. What is created once (collections, accounts, keys) is not repeated, because the
 * first try may have succeeded.
 */
const ONCE = new Set(['createCollection', 'register', 'createApiKey', 'feedback', 'close']);

export function retrying(client: VectronClient, retries: number): VectronClient {
  if (retries === 0) return client;
  const policy = retry(
    handleWhen((error) => toVectronError(error).spec.retryable),
    { maxAttempts: retries, backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 5_000 }) },
  );
  return new Proxy(client, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      if (ONCE.has(String(name))) return member.bind(target);
      return (...args: unknown[]) => policy.execute(() => member.apply(target, args));
    },
  });
}
