/** Counts how often numbers occur, such as the dimensions of vectors. */
export class Frequencies {
  private readonly counts = new Map<number, number>();

  static sum(tallies: Iterable<Frequencies>): Frequencies {
    const all = new Frequencies();
    for (const one of tallies) for (const [number, count] of one.counts) all.add(number, count);
    return all;
  }

  add(number: number, times = 1): void {
    this.counts.set(number, (this.counts.get(number) ?? 0) + times);
  }

  /** The number that occurs most often; of equals the first one. undefined: none was counted. */
  get most(): number | undefined {
    let [found, most]: [number | undefined, number] = [undefined, 0];
    for (const [number, count] of this.counts) if (count > most) [found, most] = [number, count];
    return found;
  }

  /** Different numbers that were counted. */
  get kinds(): number {
    return this.counts.size;
  }
}
