import { closeSync, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import type { RefusedRow } from '../rows.js';

/** The rows that did not become points, as JSON lines `{"file", "line", "id", "reason"}` in the order of the rows. */
export class Report {
  #fd: number | undefined;
  #bytes: number;

  /**
   * `keep`: bytes of an earlier run's report that this one goes on from; 0: the file is made anew when the first row is
   * refused, or at once with `always`. Throws INVALID_ARGUMENT when it cannot be written.
   */
  constructor(
    readonly file: string,
    keep = 0,
    always = false,
  ) {
    this.#bytes = keep;
    if (keep === 0) rmSync(file, { force: true });
    if (keep === 0 && !always) {
      // Fails now, and not after the first thousand rows, where it cannot be written.
      this.#open();
      this.close();
      rmSync(file, { force: true });
    } else this.#open();
  }

  /** Bytes of it that hold. */
  get bytes(): number {
    return this.#bytes;
  }

  add({ place, id, reason }: RefusedRow): void {
    this.#open();
    const line = Buffer.from(`${JSON.stringify({ file: place.file, line: place.line, id, reason })}\n`);
    writeSync(this.#fd as number, line, 0, line.length, this.#bytes);
    this.#bytes += line.length;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): void {
    if (this.#fd !== undefined) return;
    try {
      this.#fd = openSync(this.file, this.#bytes === 0 ? 'w' : 'r+');
    } catch (cause) {
      throw VectronError.invalid(
        'report',
        `the report cannot be written: ${(cause as Error).message}; choose another file with --report`,
      );
    }
    if (fstatSync(this.#fd).size < this.#bytes) {
      throw VectronError.invalid(
        'resume',
        `${this.file} is shorter than before: import the file again without --resume`,
      );
    }
    ftruncateSync(this.#fd, this.#bytes);
  }
}
