import { describe, expect, it } from '@jest/globals';
import { firstRunLines } from './first-run.js';

describe('the first run', () => {
  const bootstrap = { email: 'admin@vectron.local', password: 'the-password', apiKey: 'vk_the-key' };
  const printed = (isTerminal: boolean) => firstRunLines(bootstrap, '/data/bootstrap.json', isTerminal).join('\n');

  it('shows its secrets on a terminal', () => {
    for (const shown of [...Object.values(bootstrap), '/data/bootstrap.json']) expect(printed(true)).toContain(shown);
  });

  it('says only where they are in any other output', () => {
    expect(printed(false)).toContain('/data/bootstrap.json');
    for (const secret of [bootstrap.password, bootstrap.apiKey]) expect(printed(false)).not.toContain(secret);
  });
});
