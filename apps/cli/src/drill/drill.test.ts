import { expect, it } from '@jest/globals';
import type { VectronClient } from '@vectron/sdk';
import type { LocalCluster } from '../local/local-cluster.js';
import { DrillRun, fails, wordOf } from './drill.js';

const SIZE = { points: 1, dimension: 1, outageS: 1, quick: true };

it('a time that is late fails a drill only where times are required; what never came, or is broken, always does', () => {
  const said: string[] = [];
  const cluster = { info: { http: ['http://127.0.0.1:1'], apiKey: 'vk_none' } } as unknown as LocalCluster;
  const run = new DrillRun({ name: 'any' }, cluster, {} as VectronClient, SIZE, (line) => said.push(line.trim()));
  run.within('in time', 4_000, 5_000);
  run.within('late', 6_000, 5_000);
  run.within('never', Number.POSITIVE_INFINITY, 5_000);
  run.expect('nothing is lost', '0', '3 lost', false);
  expect(said).toEqual([
    'held: in time: 4.00 s (bound: 5 s)',
    'LATE: late: 6.00 s (bound: 5 s)',
    'BROKEN: never: never (bound: 5 s)',
    'BROKEN: nothing is lost: 3 lost (bound: 0)',
  ]);
  expect(run.verdicts.map(wordOf)).toEqual(['held', 'LATE', 'BROKEN', 'BROKEN']);
  expect(run.verdicts.map((one) => fails(one, 'require'))).toEqual([false, true, true, true]);
  expect(run.verdicts.map((one) => fails(one, 'report'))).toEqual([false, false, true, true]);
});
