/** What operations of each kind came to since the window was opened. */
export class Window {
  kinds = {};

  #of(kind) {
    this.kinds[kind] ??= { done: 0, failed: 0, ms: [], faults: {} };
    return this.kinds[kind];
  }

  done(kind, ms) {
    const of = this.#of(kind);
    of.done += 1;
    of.ms.push(ms);
  }

  failed(kind, why) {
    const of = this.#of(kind);
    of.failed += 1;
    of.faults[why] = (of.faults[why] ?? 0) + 1;
  }

  /** Plain data: `{ kind: { done, failed, p50, p99, max, faults } }`, milliseconds. */
  told() {
    return Object.fromEntries(
      Object.entries(this.kinds).map(([kind, { ms, ...rest }]) => {
        const sorted = ms.toSorted((a, b) => a - b);
        const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
        return [kind, { ...rest, p50: at(0.5), p99: at(0.99), max: at(1) }];
      }),
    );
  }
}
