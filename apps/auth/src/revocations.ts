import type { MetaStore } from '@vectron/metastore';
import type { authInternal } from '@vectron/proto';

/** Said at least so often, so that who listens knows that nothing was missed. */
const SPEAK_MS = 1_000;
const KINDS = [
  ['/auth/users/', 'userIds'],
  ['/auth/keys/', 'apiKeyIds'],
  ['/auth/sessions/', 'sessionIds'],
] as const;

type Kind = (typeof KINDS)[number][1];

/** What becomes of users, keys and logins, as the MetaStore tells it. */
export class RevocationFeed {
  constructor(private readonly meta: MetaStore) {}

  /** Ends when the MetaStore cannot be watched any more: who listens must not take silence for good news. */
  async *watch(signal: AbortSignal): AsyncIterable<authInternal.Revocations> {
    const own = new AbortController();
    const both = AbortSignal.any([signal, own.signal]);
    let heard = nothing();
    let failure: unknown;
    let wake = () => {};
    signal.addEventListener('abort', () => wake(), { once: true });
    const { revision } = await this.meta.range('/auth/users/', { limit: 1 });
    const watching = (async () => {
      for await (const { key } of this.meta.watch('/auth/', revision, both)) {
        const found = KINDS.find(([prefix]) => key.startsWith(prefix));
        if (found === undefined) continue;
        heard[found[1] satisfies Kind].push(key.slice(found[0].length));
        wake();
      }
    })().catch((error) => {
      failure = error ?? new Error('the watch ended');
      wake();
    });
    try {
      while (!signal.aborted) {
        const told = heard;
        heard = nothing();
        yield told;
        if (failure !== undefined) throw failure;
        if (heard.userIds.length + heard.apiKeyIds.length + heard.sessionIds.length > 0) continue;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, SPEAK_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      own.abort();
      await watching;
    }
  }
}

const nothing = (): Record<Kind, string[]> => ({ userIds: [], apiKeyIds: [], sessionIds: [] });
