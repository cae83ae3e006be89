// What cargo prints with CARGO_TERM_PROGRESS_WHEN=always, as figures: how many units of how many are compiled, and which now.
// Uses Node alone.

/** Makes cargo say how far it is where its output is no terminal. Neither changes what is compiled. */
export const CARGO_SAYS = {
  CARGO_TERM_PROGRESS_WHEN: 'always',
  CARGO_TERM_PROGRESS_WIDTH: '200',
  CARGO_TERM_COLOR: 'never',
};

const BAR = /^ *Building \[[=> ]*\] (\d+)\/(\d+)(?:: (.*))?$/;
/** Lines that say what figures say. */
const STEPS = /^ *(?:Compiling|Downloaded|Downloading|Fresh|Locking|Updating|Finished|Blocking|Adding) /;

export class CargoProgress {
  /** Units of the compilation: a crate, its build script, and the run of it are one each. `now`: those that are worked at. */
  done = 0;
  total = 0;
  now = [];
  /** All that is no progress, such as warnings and errors, as it was printed. */
  messages = '';
  #open = '';

  /** Takes what cargo wrote to its standard error, in parts of any size. */
  feed(text) {
    const lines = (this.#open + text).split(/[\r\n]/);
    this.#open = lines.pop();
    for (const line of lines) this.#take(line);
  }

  /** At the end of the output. */
  end() {
    this.#take(this.#open);
    this.#open = '';
  }

  #take(line) {
    const bar = BAR.exec(line.trimEnd());
    if (bar !== null) {
      [this.done, this.total] = [Number(bar[1]), Number(bar[2])];
      this.now = bar[3]?.replace(/\.\.\.$/, '').split(', ') ?? [];
    } else if (!STEPS.test(line) && (line !== '' || this.messages !== '')) {
      this.messages += `${line}\n`;
    }
  }

  /** `118 of 245 compiled, now librocksdb-sys(build), ring`; empty before cargo began. */
  toString() {
    if (this.total === 0) return '';
    const now = this.now.slice(0, 3).join(', ');
    return `${this.done} of ${this.total} compiled${now === '' ? '' : `, now ${now}`}`;
  }
}
