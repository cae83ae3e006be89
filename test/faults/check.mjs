import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export function checkHistory(load, verdict) {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-history-'));
  const file = join(dir, 'history.ndjson');
  writeFileSync(file, load.history.map((row) => JSON.stringify(row)).join('\n'));
  const checker = join(dir, 'checker');
  const built = spawnSync('go', ['build', '-o', checker, '.'], {
    cwd: resolve('test/faults/checker'),
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`the checker does not build: ${built.stderr}`);
  const { stdout, status } = spawnSync(checker, {
    input: load.history.map((row) => JSON.stringify(row)).join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const { operations, unknown, verdict: outcome, broken } = JSON.parse(stdout);
  verdict(
    'the history is linearizable',
    status === 0,
    `${outcome}: ${operations} operations, ${unknown} of unknown outcome${broken.length ? `; ${broken.slice(0, 3)}; history in ${file}` : ''}`,
  );
  const seen = load.history.filter((row) => row.op === 'get' && load.refused.has(row.result));
  verdict('no refused write is visible', seen.length === 0, `${load.refused.size} refused`);
  const kinds = new Set(load.history.filter((row) => row.outcome === 'ok').map((row) => row.op));
  verdict('every kind of operation happened', kinds.size === 3 && operations > 500);
}
