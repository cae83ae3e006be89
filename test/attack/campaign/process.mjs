import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Attackers get what processor time the attacked and their users leave: on other machines they would have their own. */
const ATTACKER_NICE = 10;

/** The process of the normal load, asked by name. */
export class LoadProcess {
  #child;
  #waiting = new Map();
  #number = 0;

  static async begin(order, authorityFile) {
    const load = new LoadProcess();
    const env = authorityFile === undefined ? process.env : { ...process.env, NODE_EXTRA_CA_CERTS: authorityFile };
    load.#child = fork(join(ROOT, 'load', 'normal-load.mjs'), { env, execArgv: ['--disable-warning=DEP0123'] });
    load.#child.on('message', ({ number, answer, fault }) => {
      const { resolve, reject } = load.#waiting.get(number);
      load.#waiting.delete(number);
      if (fault === undefined) resolve(answer);
      else reject(new Error(`normal load: ${fault}`));
    });
    load.#child.once('exit', (code) => {
      for (const { reject } of load.#waiting.values()) reject(new Error(`the normal load ended with ${code}`));
    });
    await load.ask('begin', order);
    return load;
  }

  ask(ask, order = {}) {
    this.#number += 1;
    const number = this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#child.send({ number, ask, ...order });
    });
  }

  end() {
    this.#child.kill();
  }
}

/** An attack in a process of its own; `done` is `{ sent, got, fault }`. */
export class AttackProcess {
  #child = fork(join(ROOT, 'attacker', 'attacker.mjs'));
  #cutOff;

  constructor(order, limitMs) {
    setPriority(this.#child.pid, ATTACKER_NICE);
    this.done = this.#run(order, limitMs);
  }

  async #run(order, limitMs) {
    const told = new Promise((resolve) => this.#child.once('message', resolve));
    const cut = setTimeout(() => this.stop(`it did not end within ${Math.round(limitMs / 1_000)} s`), limitMs);
    this.#child.send(order);
    const ended = once(this.#child, 'exit').then(([code]) => ({ sent: 0, got: {}, fault: `it ended with ${code}` }));
    const result = await Promise.race([told, ended]);
    await ended;
    clearTimeout(cut);
    return this.#cutOff === undefined ? result : { ...result, fault: this.#cutOff };
  }

  stop(why) {
    this.#cutOff = why;
    this.#child.kill('SIGKILL');
  }
}
