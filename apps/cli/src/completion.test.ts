import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { completionScript, SHELLS } from './completion.js';
import { vectronProgram } from './program.js';

describe('completion', () => {
  /** What bash offers for a line whose last word is being typed. */
  async function offered(...typed: string[]): Promise<string[]> {
    const script = completionScript(await vectronProgram(), 'bash');
    const list = ['vectron', ...typed].map((word) => `'${word}'`).join(' ');
    const ask = `${script}\nCOMP_WORDS=(${list}) COMP_CWORD=${typed.length}\n_vectron\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', ask], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    });
    expect([status, stderr]).toEqual([0, '']);
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('offers commands, those of a group, and the options of a command', async () => {
    expect(await offered('ser')).toEqual(['serve']);
    expect(await offered('')).toEqual(
      expect.arrayContaining(['serve', 'collections', 'search', 'login', 'completion']),
    );
    expect(await offered('collections', 'cr')).toEqual(['create']);
    expect(await offered('collections', 'create', 'x', '--dim')).toEqual(['--dimension']);
    expect(await offered('search', '--why')).toEqual(['--why-not']);
    expect(await offered('--ver')).toEqual(['--version']);
  });

  it('skips the values of options, and completes files where a file is meant', async () => {
    // "collections" is a value here, and no command.
    expect(await offered('--url', 'collections', 'sea')).toEqual(['search']);
    expect(await offered('collections', '--url', 'points', 'li')).toEqual(['list']);
    expect(await offered('points', 'upsert', 'x', '--file', 'completion.te')).toEqual(['completion.test.ts']);
    expect(await offered('search', '--like', 'comp')).toEqual([]);
    expect(await offered('import', 'completion.te')).toEqual(['completion.test.ts']);
  });

  it('is a script of each shell that the shell takes, where it is installed', async () => {
    const program = await vectronProgram();
    for (const shell of SHELLS) {
      const script = completionScript(program, shell);
      expect(script).toContain('delete-where');
      const file = join(mkdtempSync(join(tmpdir(), 'vectron-completion-')), 'script');
      writeFileSync(file, script);
      const { error, status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      if (error === undefined) expect([shell, status, stderr]).toEqual([shell, 0, '']);
      else expect((error as NodeJS.ErrnoException).code).toBe('ENOENT');
    }
  });
});
