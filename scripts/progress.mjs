// What set-up shows of itself: steps, time, and how far a long step is. On a terminal one line is written over; elsewhere there is a
// line at the begin and the end of a step, and one now and then between. Uses Node alone.

/** Between two lines where the output is no terminal. */
const QUIET_MS = 30_000;

const clock = (ms) => {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

export class Progress {
  #write;
  #isTerminal;
  #columns;
  #now;
  #steps = 0;
  #at = 0;
  #name = '';
  #detail = () => '';
  #begun = 0;
  #written = 0;

  /** `write` takes text; `now` gives milliseconds; `columns` the width of the terminal. */
  constructor({ write, isTerminal, columns = () => 80, now = Date.now }) {
    this.#write = write;
    this.#isTerminal = isTerminal;
    this.#columns = columns;
    this.#now = now;
  }

  /** Of that many steps. */
  expect(steps) {
    this.#steps = steps;
  }

  /** `detail` gives how far the step is, whenever it is asked. */
  begin(name, detail = () => '') {
    this.#at += 1;
    this.#name = name;
    this.#detail = detail;
    this.#begun = this.#now();
    this.#written = this.#begun;
    if (this.#isTerminal) this.tick();
    else this.#write(`${this.#head()} ...\n`);
  }

  /** Called every second or so while a step goes on. */
  tick() {
    const now = this.#now();
    if (!this.#isTerminal && now - this.#written < QUIET_MS) return;
    this.#written = now;
    const line = [`${this.#head()} ${clock(now - this.#begun)}`, this.#detail()]
      .filter((part) => part !== '')
      .join('  ');
    this.#write(this.#isTerminal ? `\r\x1b[K${line.slice(0, this.#columns() - 1)}` : `${line}\n`);
  }

  /** Takes away the line that is written over. */
  clear() {
    if (this.#isTerminal) this.#write('\r\x1b[K');
  }

  /** A line that stays. */
  say(text) {
    this.clear();
    this.#write(`setup: ${text}\n`);
  }

  end() {
    this.say(`[${this.#at}/${this.#steps}] ${this.#name} done in ${clock(this.#now() - this.#begun)}`);
  }

  #head() {
    return `setup: [${this.#at}/${this.#steps}] ${this.#name}`;
  }
}
