import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { fileLines, textOf } from './file-lines.js';

const dir = mkdtempSync(join(tmpdir(), 'vectron-lines-'));
const linesIn = async (content: Buffer | string, name = 'lines') => {
  writeFileSync(join(dir, name), content);
  const read: string[] = [];
  for await (const { line, bytes, isUnended } of fileLines(join(dir, name)))
    read.push(`${line}${isUnended ? ' unended' : ''}: ${textOf(bytes) ?? 'no UTF-8'}`);
  return read;
};
/** What fixtures/make-compressed.py compresses. */
const LONG = Array.from({ length: 12_000 }, (_, at) => `line ${at % 97} of many\n`).join('');
const fixture = (name: string) => readFileSync(join('apps/cli/src/fixtures', name));

describe('lines', () => {
  it('end at a line feed alone, whatever else looks like an end', async () => {
    expect(await linesIn('a\u2028b\u2029c\u0085d\u000be\n\r\nf\r\ng\rh')).toEqual([
      '1: a\u2028b\u2029c\u0085d\u000be',
      '2: ',
      '3: f',
      '4 unended: g\rh',
    ]);
    expect(await linesIn('')).toEqual([]);
    expect(await linesIn('\n')).toEqual(['1: ']);
  });

  it('do not begin with a byte order mark, and keep it elsewhere', async () => {
    expect(await linesIn('\ufeffa\n\ufeffb\n')).toEqual(['1: a', '2: \ufeffb']);
  });

  it('that are no UTF-8 are told, not repaired', async () => {
    expect(await linesIn(Buffer.from([0x61, 0xff, 0x0a, 0xc3, 0xa9, 0x0a]))).toEqual(['1: no UTF-8', '2: é']);
  });

  it('may be longer than what is read at a time, with characters across the seam', async () => {
    const long = 'é€😀'.repeat(200_000);
    expect(await linesIn(`x${long}\ny${long}\n`)).toEqual([`1: x${long}`, `2: y${long}`]);
  });
});

describe('a compressed file', () => {
  const brotli = brotliCompressSync(LONG, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
  const plain = LONG.trimEnd()
    .split('\n')
    .map((text, at) => `${at + 1}: ${text}`);

  it('is known by its content, not by its name', async () => {
    expect(await linesIn(gzipSync(LONG), 'a.jsonl')).toEqual(plain);
    expect(await linesIn(Buffer.concat([gzipSync(LONG.slice(0, 1000)), gzipSync(LONG.slice(1000))]))).toEqual(plain);
    expect(await linesIn(brotli, 'a.jsonl.br')).toEqual(plain);
    for (const name of ['lines.zst', 'lines.lz4', 'lines-linked.lz4'])
      expect([name, await linesIn(fixture(name))]).toEqual([name, plain]);
  });

  it('that was cut off, changed or continued with something else is an error, never a shorter file', async () => {
    const whole = gzipSync(LONG);
    const wrong = /cannot be read to its end: it is gzip that is damaged or was cut off/;
    await expect(linesIn(whole.subarray(0, -9))).rejects.toThrow(wrong);
    await expect(linesIn(whole.subarray(0, whole.length >> 1))).rejects.toThrow(wrong);
    const changed = Buffer.from(whole);
    changed[whole.length - 6] ^= 1;
    await expect(linesIn(changed)).rejects.toThrow(wrong);
    await expect(linesIn(Buffer.concat([whole, Buffer.from('more lines\n')]))).rejects.toThrow(wrong);
    await expect(linesIn(Buffer.concat([whole, Buffer.from('\0more\n')]))).rejects.toThrow('6 bytes follow');
    await expect(linesIn(brotli.subarray(0, -9), 'b.br')).rejects.toThrow('it is brotli that');
    for (const name of ['lines.zst', 'lines.lz4', 'lines-linked.lz4']) {
      const bytes = fixture(name);
      for (const cut of [4, 5, 9, bytes.length >> 1, (bytes.length >> 1) + 1])
        await expect(linesIn(bytes.subarray(0, -cut))).rejects.toThrow('that is damaged or was cut off');
    }
    const linked = Buffer.from(fixture('lines-linked.lz4'));
    linked[100] ^= 1;
    await expect(linesIn(linked)).rejects.toThrow('a block is damaged');
  });

  it('of another kind is refused by name', async () => {
    await expect(linesIn('BZh91AY')).rejects.toThrow('compressed with bzip2');
    await expect(linesIn(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]))).rejects.toThrow('compressed with xz');
  });
});
