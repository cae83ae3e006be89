import { isIPv6 } from 'node:net';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { AuditEvent } from './audit-files.js';

/** Refusals of one action that are listed one by one, from one user or one range of addresses, each second. */
const MAX_A_SECOND = 20;
/** And of all actions each hour, of one user or of all who are nobody: they must not push the rest out of the log. */
const MAX_AN_HOUR = 3_000;
const TELL_MS = 60_000;
/** Kinds of refusals that are counted apart. */
const MAX_KINDS = 100;

/** What was refused to whom; what it was about is told only of what is listed. */
export type Refusal = Omit<AuditEvent, 'target' | 'requestId'>;

/**
 * What was refused, for the audit log: single entries while they are few; of a flood the first ones, and how many more
 * there were, exactly, by action and range of addresses, every minute. A stranger can make no disk write, and none full.
 */
export class AuditFlood {
  readonly #aSecond = new RateLimiterMemory({ points: MAX_A_SECOND, duration: 1 });
  readonly #anHour = new RateLimiterMemory({ points: MAX_AN_HOUR, duration: 3_600 });
  readonly #counts = new Map<string, { refusal: Refusal; count: number }>();
  #telling: NodeJS.Timeout | undefined;

  constructor(private readonly record: (event: AuditEvent) => void) {}

  /** `target` is only asked for when the refusal is listed. */
  async refused(refusal: Refusal, requestId: string, target: () => string): Promise<void> {
    const { action, userId, address } = refusal;
    const whose = userId || rangeOf(address);
    try {
      await this.#aSecond.consume(`${action} ${whose}`);
      await this.#anHour.consume(userId || 'nobody');
    } catch {
      this.#count(refusal);
      return;
    }
    this.record({ ...refusal, target: target(), requestId });
  }

  /** Writes down what was only counted. */
  tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    for (const { refusal, count } of this.#counts.values()) {
      this.record({ ...refusal, target: `${count} more that are not listed one by one`, requestId: '' });
    }
    this.#counts.clear();
  }

  #count({ action, userId, address, who, result }: Refusal): void {
    const range = rangeOf(address);
    const kind = `${action} ${userId || range} ${result}`;
    const known = this.#counts.get(kind);
    if (known !== undefined) {
      known.count += 1;
    } else if (this.#counts.size < MAX_KINDS) {
      this.#counts.set(kind, { refusal: { action, userId, who: userId && who, address: range, result }, count: 1 });
    } else {
      const others = this.#counts.get('others') ?? {
        refusal: { action: 'denied', userId: '', who: '', address: '', result: 'of many kinds' },
        count: 0,
      };
      others.count += 1;
      this.#counts.set('others', others);
    }
    this.#telling ??= setTimeout(() => this.tell(), TELL_MS).unref();
  }
}

/** What one subscriber has: an IPv4 /24, an IPv6 /64. */
export function rangeOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (isIPv6(mapped)) {
    const [head, tail] = mapped.split('::');
    const groups = head.split(':').filter((group) => group !== '');
    const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter((group) => group !== '').length;
    const all = [...groups, ...Array<string>(missing).fill('0'), ...(tail ?? '').split(':')];
    return `${all.slice(0, 4).join(':')}::/64`;
  }
  const parts = mapped.split('.');
  return parts.length === 4 ? `${parts.slice(0, 3).join('.')}.0/24` : mapped;
}
