import { toVectronError } from '@vectron/errors';
import type { Command } from 'commander';
import { apiKeyOf, authorities, type ClientOptions, clientConfig, withClient } from '../client.js';
import {
  CONNECT_MS,
  clockFinding,
  dataFindings,
  type Finding,
  nodeFinding,
  ok,
  reachFindings,
  serverFindings,
} from '../doctor.js';
import { show } from '../output.js';
import { readProfiles } from '../profiles.js';
import type { Define } from '../program.js';

export function doctorCommand(program: Command, client: Define): void {
  client(
    program,
    'doctor',
    'check this set-up and name the remedy for each problem; exits with an error if there is one',
  ).action(async (options: ClientOptions) => {
    const findings = await examine(options);
    show(findings, options.json === true, {
      head: ['', 'what', 'found', 'what to do'],
      rows: findings.map(({ state, what, detail, remedy }) => [state, what, detail, remedy]),
    });
    if (findings.some(({ state }) => state === 'failed')) process.exitCode = 1;
  });
}

async function examine(options: ClientOptions): Promise<Finding[]> {
  const findings = [nodeFinding()];
  const tried = (what: string, remedy: string, look: () => Finding[]): boolean => {
    try {
      findings.push(...look());
      return true;
    } catch (cause) {
      findings.push({ what, state: 'failed', detail: toVectronError(cause).message, remedy });
      return false;
    }
  };
  tried('profiles', 'see vectron profiles --help', () => {
    const { current, profiles } = readProfiles();
    const names = Object.keys(profiles);
    return [ok('profiles', names.length === 0 ? 'none' : `${names.join(', ')}; in use: ${current ?? 'none'}`)];
  });
  let url = '';
  let ca: string | undefined;
  const settled = tried('settings', 'correct the flag or variable', () => {
    const config = clientConfig(options);
    ca = authorities(config);
    url = config.url;
    const from = config.profile === undefined ? '' : ` (profile ${config.profile})`;
    const key = apiKeyOf(config, options) === undefined ? 'without a key' : 'with a key';
    return [ok('settings', `${config.url}${from}, ${key}`), ...dataFindings(config.data)];
  });
  if (!settled) return findings;
  const reached = await Promise.all(url.split(',').map((address) => reachFindings(address.trim(), ca)));
  findings.push(...reached.flat());
  if (reached.every((one) => one.some(({ state }) => state === 'failed'))) return findings;
  if (url.startsWith('http:')) findings.push(await clock(url.split(',')[0]));
  findings.push(...(await withClient(options, serverFindings)));
  return findings;
}

async function clock(url: string): Promise<Finding> {
  try {
    const signal = AbortSignal.timeout(CONNECT_MS);
    return clockFinding((await fetch(new URL('/healthz', url), { redirect: 'error', signal })).headers.get('date'));
  } catch {
    return clockFinding(null);
  }
}
