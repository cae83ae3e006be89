import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Core, Submissions } from './submissions.js';

/** Takes operations, and ends those that a test tells it to. */
class ManualCore implements Core {
  readonly batches: number[][] = [];
  wake: (() => void) | undefined;
  refuses = false;
  #ended: number[] = [];

  submit(_ops: Buffer[], ids: number[]): void {
    if (this.refuses) throw new Error('refused');
    this.batches.push(ids);
  }

  listen(wake: (() => void) | undefined): void {
    this.wake = wake;
  }

  /** Each with its id as its outcome. */
  takeOutcomes(): Buffer | null {
    const ids = this.#ended;
    this.#ended = [];
    if (ids.length === 0) return null;
    const heads = ids.flatMap((id) => [id, 1]);
    return Buffer.concat([Buffer.from(Uint32Array.from([ids.length, ...heads]).buffer), Buffer.from(ids)]);
  }

  end(...ids: number[]): void {
    this.#ended.push(...ids);
    this.wake?.();
  }
}

describe('Submissions', () => {
  const op = Buffer.alloc(0);
  let core: ManualCore;
  let alive: string[];
  let submissions: Submissions;
  beforeEach(() => {
    core = new ManualCore();
    alive = [];
    submissions = new Submissions(core, { ref: () => alive.push('ref'), unref: () => alive.push('unref') });
  });
  const tick = () => new Promise((resolve) => setImmediate(resolve));

  it('sends what is submitted within a tick in one call, and answers each when it is done', async () => {
    const submit = submissions.line();
    const answers = [submit(op, 0), submit(op, 0), submit(op, 0)];
    await tick();
    expect(core.batches).toEqual([[1, 2, 3]]);
    core.end(3);
    expect([...(await answers[2])]).toEqual([3]);
    core.end(1, 2);
    expect([...Buffer.concat(await Promise.all(answers))]).toEqual([1, 2, 3]);
    // A wake whose outcomes were taken by the one before.
    core.wake?.();
  });

  it('keeps the process alive while something runs, and only then', async () => {
    const submit = submissions.line();
    const answers = [submit(op, 0), submit(op, 0)];
    expect(alive).toEqual(['ref']);
    await tick();
    core.end(1);
    await answers[0];
    expect(alive).toEqual(['ref']);
    core.end(2);
    await answers[1];
    expect(alive).toEqual(['ref', 'unref']);
  });

  it('lets the process end after the core has refused', async () => {
    core.refuses = true;
    await expect(submissions.line()(op, 0)).rejects.toThrow('refused');
    expect(alive).toEqual(['ref', 'unref']);
  });

  it('is let go by the core once it was ended and nothing runs, and answers what comes later all the same', async () => {
    const submit = submissions.line();
    const last = submit(op, 0);
    await tick();
    submissions.end();
    expect(core.wake).toBeDefined();
    core.end(1);
    await last;
    expect(core.wake).toBeUndefined();
    const late = submit(op, 0);
    await tick();
    core.end(2);
    expect([...(await late)]).toEqual([2]);
    expect(core.wake).toBeUndefined();
  });
});
