import { randomUUID } from 'node:crypto';
import type { placement } from '@vectron/proto';

/** Rerankers that reported within the last 15 s. */
export class RerankerRegistry {
  readonly #known = new Map<string, { address: string; atMs: number }>();

  constructor(private readonly now: () => number) {}

  register(id: string, address: string): string {
    const given = id || randomUUID();
    this.#known.set(given, { address, atMs: this.now() });
    return given;
  }

  /** `false`: unknown, register again. */
  beat(id: string): boolean {
    const known = this.#known.get(id);
    if (known) known.atMs = this.now();
    return known !== undefined;
  }

  list(): placement.RerankerInfo[] {
    return [...this.#known].map(([rerankerId, { address, atMs }]) => ({
      rerankerId,
      grpcAddress: address,
      lastHeartbeatMs: atMs,
      healthy: this.now() - atMs <= 15_000,
    }));
  }
}
