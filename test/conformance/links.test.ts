import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** What GitHub makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

/** The text without what is code. */
const prose = (text: string): string =>
  text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, (code) => 'x'.repeat(code.length));

function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const [, heading] of text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6} +(.*?) *#*$/gm)) {
    const base = anchorOf(heading.replaceAll('`', ''));
    const times = seen.get(base) ?? 0;
    seen.set(base, times + 1);
    anchors.add(times === 0 ? base : `${base}-${times}`);
  }
  return anchors;
}

describe('Markdown', () => {
  const files = execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' }).trim().split('\n');

  it('leads to files and headings that there are', () => {
    const broken: string[] = [];
    let links = 0;
    for (const file of files) {
      for (const [, target] of prose(readFileSync(file, 'utf8')).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)) {
        if (/^[a-z][a-z+.-]*:/i.test(target)) continue;
        links += 1;
        const [path, anchor] = decodeURI(target).split('#');
        const found = path === '' ? file : normalize(join(dirname(file), path));
        if (!existsSync(found)) broken.push(`${file}: ${target}: no such file`);
        else if (
          anchor !== undefined &&
          statSync(found).isFile() &&
          !anchorsOf(readFileSync(found, 'utf8')).has(anchor)
        )
          broken.push(`${file}: ${target}: no such heading`);
      }
    }
    expect(broken).toEqual([]);
    expect(links).toBeGreaterThan(300);
  });

  it('of docs/ is reached from the README', () => {
    const reached = new Set<string>();
    const next = ['README.md'];
    for (let file = next.pop(); file !== undefined; file = next.pop()) {
      if (reached.has(file) || !existsSync(file) || !file.endsWith('.md')) continue;
      reached.add(file);
      for (const [, target] of readFileSync(file, 'utf8').matchAll(/\]\(<?([^)\s>#]+)/g))
        if (!target.includes('://')) next.push(normalize(join(dirname(file), target)));
    }
    expect(files.filter((file) => /^docs\/[\w-]+\.md$/.test(file) && !reached.has(file))).toEqual([]);
  });
});
