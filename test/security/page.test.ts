import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SERVICES } from '../../apps/cli/src/config.js';

const page = readFileSync('docs/security.md', 'utf8');
const checklist = readFileSync('test/security/checklist.test.ts', 'utf8');
/** Promise, default, setting, test. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| guarantee'))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([, promise, , setting, test]) => ({ promise, setting, test }));

/** Settings that are options of client commands, which have no other form. */
const OPTIONS = ['--password-stdin', '--out'];

describe('docs/security.md', () => {
  it('has tables', () => expect(rows.length).toBeGreaterThan(60));

  it.each(rows)('names tests that there are: $promise', ({ test }) => {
    for (const [, name] of test.matchAll(/`([^`]+)`/g)) {
      const file = ['', 'test/security/'].find((folder) =>
        ['', '.test.ts'].some((ending) => existsSync(`${folder}${name}${ending}`)),
      );
      expect({ name, found: file !== undefined || name.startsWith('npm run ') }).toEqual({ name, found: true });
    }
    for (const [number] of test.replace(/`[^`]*`/g, '').matchAll(/\b\d+\b(?! at once)/g)) {
      expect(checklist).toMatch(new RegExp(`it\\(['"](\\d+, )*${number}[,:]`));
    }
  });

  it.each(rows)('names settings that there are: $promise', ({ setting }) => {
    const knobs = Object.values(SERVICES).flatMap((set) => Object.values(set));
    const flags = [...knobs.map(({ flag }) => `--${flag}`), ...OPTIONS];
    for (const [flag] of setting.matchAll(/--[a-z0-9-]+/g)) expect(flags).toContain(flag);
  });
});
