import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type VectronClient } from '@vectron/sdk';
import { VectronProcess } from '../harness/process.js';
import { type System, startSingle, tempDir } from '../harness/system.js';

describe('vectron import', () => {
  const dir = tempDir('imports');
  const ROWS = 3_000;
  const file = join(dir, 'rows.jsonl');
  const report = `${file}.rejected.jsonl`;
  const isWrong = (at: number) => at % 300 === 150;
  const wrong = Array.from({ length: ROWS }, (_, at) => at + 1).filter((line) => isWrong(line - 1));
  let system: System;
  let db: VectronClient;
  const start = (...args: string[]) =>
    new VectronProcess(['import', ...args, '--url', system.http, '--data', system.data]);
  const run = (...args: string[]) => start(...args).finish();
  const reported = () =>
    readFileSync(report, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { line: number }).line);

  beforeAll(async () => {
    const line = (at: number) => JSON.stringify({ id: `p${at}`, vector: isWrong(at) ? [1, null] : [1, at], n: at });
    writeFileSync(file, Array.from({ length: ROWS }, (_, at) => `${line(at)}\n`).join(''));
    system = await startSingle();
    db = connect(system.http, { apiKey: system.adminKey });
  });
  afterAll(() => system?.stop());

  /** Starts an import of small requests and ends it when it has come somewhere. */
  const cutOff = async (name: string, signal: NodeJS.Signals) => {
    const importing = start(name, file, '--batch', '10', '--distance', 'dot');
    await importing.until(/importing into \w+: \d+ rows \([1-9]\d? %\), \d+ rows\/s, \S+ (s|min) left/);
    await importing.stop(signal);
    return { ...(await importing.finish()), done: (await db.count(name)).count };
  };

  it.each([
    ['interrupted', 'SIGINT', 130],
    ['killed', 'SIGKILL', -1],
  ] as const)(
    'that was %s goes on where it was, and every row is a point or in the report',
    async (name, signal, code) => {
      const first = await cutOff(name, signal);
      expect([first.code, first.done > 0 && first.done < ROWS - wrong.length]).toEqual([code, true]);
      if (signal === 'SIGINT') {
        expect(first.output).toMatch(
          /every row before row \d+ is done: \d+ acknowledged, \d+ refused; .*--resume goes on/,
        );
      }
      const second = await run(name, file, '--distance', 'dot', '--resume');
      expect([second.code, second.output]).toEqual([6, expect.stringContaining(`refused rows is in ${report}`)]);
      expect((await db.count(name)).count).toBe(ROWS - wrong.length);
      expect(reported()).toEqual(wrong);
      expect((await run(name, file, '--resume')).output).toContain('there is no import to continue');
    },
  );

  it('says what would come, and writes nothing', async () => {
    const { code, output } = await run(file, '--collection', 'dry', '--dry-run', '--json');
    const said = JSON.parse(output.slice(output.indexOf('{'))) as Record<string, unknown>;
    expect(said).toMatchObject({
      rows: ROWS,
      wouldImport: ROWS - wrong.length,
      refused: wrong.length,
      dimension: 2,
      distance: 'cosine',
    });
    expect([code, existsSync(`${file}.rejected.jsonl.progress.json`)]).toEqual([6, false]);
    expect((await db.listCollections()).map(({ name }) => name)).not.toContain('dry');
  });

  it('ends with what is wrong where nothing can be imported', async () => {
    const unclear = join(dir, 'unclear.jsonl');
    writeFileSync(unclear, '{"key":"a","vector":[1,2]}\n');
    const refused = await run('none', unclear);
    expect([refused.code, refused.output]).toEqual([2, expect.stringContaining('is ambiguous; choose it with --id')]);
    const named = await run('none', unclear, '--id', 'key');
    expect([named.code, (await db.get('none', 'a'))?.id]).toEqual([0, 'a']);
    expect(existsSync(`${unclear}.rejected.jsonl`)).toBe(false);
    const itself = await run('none', unclear, '--id', 'key', '--report', unclear);
    expect([itself.code, itself.output]).toEqual([
      2,
      expect.stringContaining('is the imported file; choose another file'),
    ]);
    expect(readFileSync(unclear, 'utf8')).toContain('"key"');
  });
});
