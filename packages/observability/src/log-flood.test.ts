import { expect, it } from '@jest/globals';
import { LogFlood } from './log-flood.js';

const lines = () => {
  const written: string[] = [];
  let made = 0;
  const add = (flood: LogFlood, kind: string, most: number, text: string) =>
    flood.add(
      kind,
      most,
      () => {
        made += 1;
        return text;
      },
      (line, count) => written.push(`${line} x${count}`),
    );
  return { written, add, made: () => made };
};

it('writes so many of a kind as they come, and counts the others exactly in one line that speaks of the first of them', () => {
  const flood = new LogFlood();
  const { written, add, made } = lines();
  for (let at = 0; at < 10_000; at += 1) add(flood, 'a', 3, `a${at}`);
  add(flood, 'b', 3, 'b');
  expect(written).toEqual(['a0 x1', 'a1 x1', 'a2 x1', 'b x1']);
  flood.tell();
  expect(written.slice(4)).toEqual(['a3 x9997']);
  expect(made()).toBe(5);
  flood.tell();
  expect(written).toHaveLength(5);
  // The next second begins anew.
  add(flood, 'a', 3, 'again');
  expect(written.at(-1)).toBe('again x1');
  flood.tell();
});

it('with 0 writes nothing at once: all of a second are one line', () => {
  const flood = new LogFlood();
  const { written, add } = lines();
  for (let at = 0; at < 3; at += 1) add(flood, 'a', 0, `a${at}`);
  expect(written).toEqual([]);
  flood.tell();
  expect(written).toEqual(['a0 x3']);
});

it('tells by itself, and its memory does not grow with the kinds', async () => {
  const flood = new LogFlood();
  let sum = 0;
  let told = 0;
  await new Promise<void>((resolve) => {
    for (let at = 0; at < 5_000; at += 1) {
      flood.add(
        `kind ${at}`,
        0,
        () => '',
        (_line, count) => {
          sum += count;
          told += 1;
          if (sum === 5_000) resolve();
        },
      );
    }
  });
  expect(told).toBe(101);
});
