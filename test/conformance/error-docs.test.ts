import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '@vectron/errors';

describe('docs/errors.md', () => {
  const text = readFileSync('docs/errors.md', 'utf8');

  it('has every code of the contract with its statuses, and no other', () => {
    const rows = [...text.matchAll(/^\| \[`(\w+)`\]\(#(\w+)\) \| (\d+) \| `(\w+)` \| (yes|no) \|$/gm)].map(
      ([, code, anchor, http, grpc, retryable]) => ({
        code,
        anchor,
        http: Number(http),
        grpc,
        retryable: retryable === 'yes',
      }),
    );
    const wanted = Object.entries(ERROR_CODES).map(([code, { http, grpc, retryable }]) => ({
      code,
      anchor: code.toLowerCase(),
      http,
      grpc,
      retryable,
    }));
    const byCode = (a: { code: string }, b: { code: string }) => (a.code < b.code ? -1 : 1);
    expect(rows.sort(byCode)).toEqual(wanted.sort(byCode));
  });

  it('says of each code what it means and what to do', () => {
    const sections = text.split(/^## `/m).slice(1);
    expect(sections.map((section) => section.slice(0, section.indexOf('`'))).sort()).toEqual(
      Object.keys(ERROR_CODES).sort(),
    );
    for (const section of sections)
      expect(section).toMatch(/\n\n[A-Z][^\n]{20,}\n\n\*\*What to do:\*\* [A-Z`][^\n]{20,}\n/);
  });
});
