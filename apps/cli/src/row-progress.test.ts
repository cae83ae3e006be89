import { expect, it } from '@jest/globals';
import { rowProgress } from './row-progress.js';

const output = () => {
  const lines: string[] = [];
  const clock = { ms: 0 };
  return { lines, clock, isTerminal: false, line: (text: string) => lines.push(text), nowMs: () => clock.ms };
};

it('says every tenth how many rows are done, how fast, and how long the rest takes', () => {
  const to = output();
  const bar = rowProgress('importing into c', { total: 1_000 }, to);
  for (let rows = 0; rows <= 1_000; rows += 50) {
    to.clock.ms = rows * 10;
    bar.update(rows);
  }
  expect(to.lines).toHaveLength(10);
  expect([to.lines[0], to.lines[9]]).toEqual([
    'importing into c: 100 of 1000 rows (10 %), 100 rows/s, 9 s left',
    'importing into c: 1000 of 1000 rows (100 %), 100 rows/s, 0 s left',
  ]);
});

it('goes by the bytes of the file where nobody knows how many rows it has, and by rows alone without either', () => {
  const to = output();
  let read = 0;
  const bar = rowProgress('importing', { bytes: () => ({ read, total: 4_000_000 }) }, to);
  bar.update(0);
  to.clock.ms = 60_000;
  read = 1_000_000;
  bar.update(500);
  expect(to.lines).toEqual(['importing: 500 rows (25 %), 8 rows/s, 3 min left']);
  const blind = output();
  const other = rowProgress('importing', {}, blind);
  other.update(9_999);
  other.update(10_000);
  expect(blind.lines).toEqual(['importing: 10000 rows']);
});

it('of an import that goes on takes what was done before for no speed of its own', () => {
  const to = output();
  const bar = rowProgress('importing', { total: 1_000 }, to);
  bar.update(500);
  to.clock.ms = 10_000;
  bar.update(600);
  expect(to.lines.at(-1)).toBe('importing: 600 of 1000 rows (60 %), 10 rows/s, 40 s left');
});
