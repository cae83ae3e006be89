import { VectronError } from '@vectron/errors';

export interface ArrivalLimits {
  /** A request has to come at this rate at least, bytes a second; 0: at any. */
  readonly minBytesPerSecond: number;
  /** Bytes of all requests that are still coming; 0: no limit. */
  readonly maxBytes: number;
  /** Where others in this process receive, too, and `maxBytes` is of all of them together; in KiB. */
  readonly part?: PartOfLimit;
}

/** The part that one of several has of a limit that is of all of them together. */
export interface PartOfLimit {
  /** Tells the others how much of it this one uses from now on. */
  tell(amount: number): void;
  /** How much of `limit` this one may use now. */
  mayUse(limit: number): number;
}

/** A request whose body is still coming. */
export interface Arriving {
  /** Whose: the tenant, or the address of a caller that nobody knows. */
  readonly owner: string;
  readonly startedMs: number;
  /** How much of it has come. */
  bytes(): number;
  /** Refuses the request; no more of it is read. */
  cut(error: VectronError): void;
}

/** Nobody is asked for a rate in the first moments: connections and networks are slow at their beginning. */
const GRACE_MS = 5_000;
const LOOK_MS = 250;
const KIB = 1 << 10;

/**
 * The requests whose bodies are still coming, on every wire. They hold no room of those that are worked on (Admission): all
 * that they take is memory for what has come, which is bounded, and a connection. A body that comes slower than it has to is
 * refused.
 */
export class Arrivals {
  readonly #arriving = new Set<Arriving>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly limits: ArrivalLimits) {}

  get size(): number {
    return this.#arriving.size;
  }

  /** What is returned says that the body is there, or will not come. */
  begin(arriving: Arriving): () => void {
    this.#arriving.add(arriving);
    this.#timer ??= setInterval(() => this.check(Date.now()), LOOK_MS).unref();
    return () => {
      this.#arriving.delete(arriving);
    };
  }

  check(nowMs: number): void {
    const { part, maxBytes } = this.limits;
    if (this.#arriving.size === 0) {
      part?.tell(0);
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const all = [...this.#arriving].map((arriving) => ({ arriving, bytes: arriving.bytes() }));
    part?.tell(Math.ceil(all.reduce((sum, { bytes }) => sum + bytes, 0) / KIB));
    const limits = {
      ...this.limits,
      maxBytes: part === undefined || maxBytes === 0 ? maxBytes : KIB * part.mayUse(Math.floor(maxBytes / KIB)),
    };
    for (const { arriving, error } of refusals(all, limits, nowMs)) {
      this.#arriving.delete(arriving);
      arriving.cut(error);
    }
  }
}

interface Seen {
  readonly arriving: Arriving;
  readonly bytes: number;
}

/** Which requests are refused now, and why. */
export function refusals(
  all: readonly Seen[],
  { minBytesPerSecond, maxBytes }: ArrivalLimits,
  nowMs: number,
): { arriving: Arriving; error: VectronError }[] {
  const slow = ({ arriving, bytes }: Seen) =>
    bytes < (minBytesPerSecond * (nowMs - arriving.startedMs - GRACE_MS)) / 1_000;
  const refused = all.filter(slow).map(({ arriving }) => ({ arriving, error: tooSlow(minBytesPerSecond) }));
  const left = all.filter((one) => !slow(one));
  let excess = maxBytes === 0 ? 0 : left.reduce((sum, { bytes }) => sum + bytes, 0) - maxBytes;
  if (excess <= 0) return refused;
  const ofOwner = new Map<string, number>();
  for (const { arriving, bytes } of left) ofOwner.set(arriving.owner, (ofOwner.get(arriving.owner) ?? 0) + bytes);
  // Who takes most of it gives way first, with the largest of its requests.
  const order = left.toSorted(
    (a, b) =>
      (ofOwner.get(b.arriving.owner) ?? 0) - (ofOwner.get(a.arriving.owner) ?? 0) ||
      Number(a.arriving.owner > b.arriving.owner) - Number(a.arriving.owner < b.arriving.owner) ||
      b.bytes - a.bytes,
  );
  for (const { arriving, bytes } of order) {
    if (excess <= 0) break;
    excess -= bytes;
    refused.push({ arriving, error: noRoom() });
  }
  return refused;
}

const tooSlow = (rate: number) =>
  new VectronError(
    'DEADLINE_EXCEEDED',
    `the request arrived at less than ${rate} bytes per second; send it again, faster`,
  );

const noRoom = () =>
  new VectronError('OVERLOADED', 'the server is receiving too many bytes of requests; try again later', {
    details: { retryAfterMs: 1_000 },
  });
