import { createHash, timingSafeEqual } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { VectronClient } from '@vectron/sdk';
import { LRUCache } from 'lru-cache';

/** A caller who may call, with the client that acts for it; `release` when the request has ended. */
export interface Admission {
  readonly client: VectronClient;
  release(): void;
}

/** Who may call over HTTP. */
export interface Callers {
  /** Throws UNAUTHENTICATED, or PERMISSION_DENIED, for a token that is not for this server. */
  admit(token: string): Promise<Admission>;
  close(): Promise<void>;
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Callers who show a token of this server's own; it acts for all of them by one client, which it closes. */
export class OwnToken implements Callers {
  readonly #digest: Buffer;

  constructor(
    token: string,
    private readonly client: VectronClient,
  ) {
    this.#digest = digestOf(token);
  }

  async admit(token: string): Promise<Admission> {
    if (!timingSafeEqual(digestOf(token), this.#digest))
      throw new VectronError(
        'UNAUTHENTICATED',
        'the token is not the one of this MCP server; send the token from its --token-file',
      );
    return { client: this.client, release() {} };
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

/** Keys whose clients are kept at once. */
const MAX_KEYS = 256;
/** How long a key is believed for what asks Vectron nothing, such as the list of tools. Calls of tools ask Vectron each time. */
const BELIEVED_MS = 10_000;

/** How long that question to Vectron may take. */
const CHECK_MS = 5_000;

interface KeyClient {
  readonly client: VectronClient;
  users: number;
  checkedAtMs: number;
  dropped: boolean;
}

/** Callers who show an API key of Vectron, or a login's token: each acts for itself, with what its key may do. */
export class PassedKeys implements Callers {
  /** By digest: the keys themselves are only in the clients. */
  readonly #keys = new LRUCache<string, KeyClient>({
    max: MAX_KEYS,
    dispose: (one) => {
      one.dropped = true;
      closeUnused(one);
    },
  });

  constructor(
    private readonly connect: (apiKey: string) => VectronClient,
    private readonly now: () => number = () => performance.now(),
  ) {}

  async admit(token: string): Promise<Admission> {
    const digest = digestOf(token).toString('base64');
    const known = this.#keys.get(digest);
    const one = known ?? {
      client: this.connect(token),
      users: 0,
      checkedAtMs: Number.NEGATIVE_INFINITY,
      dropped: false,
    };
    one.users += 1;
    try {
      if (this.now() - one.checkedAtMs > BELIEVED_MS) {
        // The smallest read there is; a key that may read nothing is of no use here.
        await one.client.with({ timeoutMs: CHECK_MS }).listAliases();
        one.checkedAtMs = this.now();
      }
      // Another request of the same key may have been first.
      if (this.#keys.peek(digest) === undefined) this.#keys.set(digest, one);
      else if (this.#keys.peek(digest) !== one) one.dropped = true;
    } catch (error) {
      if (known === undefined) one.dropped = true;
      else this.#keys.delete(digest);
      release(one);
      throw error;
    }
    return { client: one.client, release: () => release(one) };
  }

  async close(): Promise<void> {
    this.#keys.clear();
  }
}

function release(one: KeyClient): void {
  one.users -= 1;
  closeUnused(one);
}

/** Nobody uses the client any more, or will. */
function closeUnused({ client, users, dropped }: KeyClient): void {
  if (dropped && users === 0) void client.close();
}
