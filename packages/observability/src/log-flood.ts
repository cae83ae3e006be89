/** Lines of one kind in the second that is under way. */
interface Kind {
  written: number;
  /** What was not written: the first of it, and how much it is. */
  held: { count: number; tell(count: number): void } | undefined;
}

const TELL_MS = 1_000;
/** Kinds that are told apart; what is beyond is told as one. */
const MAX_KINDS = 100;
const OTHERS = '(others)';

/**
 * Keeps what happens often from filling a log: of each kind, so many lines are written as they come in a second, and one line
 * at its end says how many more there were. Counts are exact. Costs a look into a map for each call, and memory for `MAX_KINDS`.
 * Not shared between threads: each has its own.
 */
export class LogFlood {
  #kinds = new Map<string, Kind>();
  #telling: NodeJS.Timeout | undefined;

  /**
   * Has `write` write the line now, while fewer than `most` of the kind were written in this second. Of those beyond, the first line is
   * kept, and written at the end of the second with how many they are; the lines of the others are not even made. With a `most` of 0,
   * all of a second are one line.
   */
  add<L>(kind: string, most: number, line: () => L, write: (line: L, count: number) => void): void {
    const known = this.#kind(kind);
    this.#telling ??= setTimeout(() => this.tell(), TELL_MS).unref();
    if (known.held !== undefined) known.held.count += 1;
    else if (known.written < most) {
      known.written += 1;
      write(line(), 1);
    } else {
      const first = line();
      known.held = { count: 1, tell: (count) => write(first, count) };
    }
  }

  /** Writes what was only counted, and begins a new second. To be called at the end, too. */
  tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    const kinds = this.#kinds;
    this.#kinds = new Map();
    for (const { held } of kinds.values()) held?.tell(held.count);
  }

  #kind(name: string): Kind {
    const own = this.#kinds.size < MAX_KINDS || this.#kinds.has(name) ? name : OTHERS;
    let kind = this.#kinds.get(own);
    if (kind === undefined) {
      kind = { written: 0, held: undefined };
      this.#kinds.set(own, kind);
    }
    return kind;
  }
}
