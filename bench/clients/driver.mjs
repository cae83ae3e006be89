// A client in a process of its own, told by lines of JSON what to do.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithBench } from '../harness/children.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

export class Driver {
  /** `programs`: the Python, the Go driver and the predecessor's clients, as environment.mjs gives them. */
  constructor(client, settings, programs) {
    this.client = client;
    const { command, env = {} } = programOf(client, programs);
    const { module } = programs.predecessor;
    const given = { client: client.client, wire: client.wire, form: client.form, module, ...settings };
    const [program, ...args] = [...command, JSON.stringify(given)];
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.child.once('error', () => {});
    endWithBench(this.child);
    this.said = '';
    this.child.stderr.on('data', (chunk) => {
      this.said = (this.said + chunk).slice(-2_000);
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.child.stdin.on('error', () => {});
  }

  /** Resolves with the answer; throws with the end of what the driver said when it has ended. */
  async ask(operation, rest) {
    this.child.stdin.write(`${JSON.stringify({ operation, ...rest })}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the driver has ended: ${this.said.trim().split('\n').slice(-3).join(' | ')}`);
    return JSON.parse(value);
  }

  stop() {
    this.child.kill('SIGKILL');
  }
}

function programOf({ language }, { python, executable, predecessor, sdk }) {
  if (language === 'TypeScript') return { command: [process.execPath, at('node/driver.mjs')] };
  if (language === 'Go') return { command: [executable] };
  const env = { PYTHONPATH: [sdk, predecessor.python].filter(Boolean).join(':'), PYTHONDONTWRITEBYTECODE: '1' };
  return { command: [python, at('python/driver.py')], env };
}
