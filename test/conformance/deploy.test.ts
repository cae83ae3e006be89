import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { SERVICES } from '../../apps/cli/src/config.js';

const read = (path: string) => readFileSync(path, 'utf8');

/** Names of the flags that `vectron COMMAND` takes. */
const flagsOf = (command: string) =>
  [...Object.values(SERVICES[command]), ...Object.values(command === 'serve' ? {} : SERVICES['every service'])].map(
    ({ flag }) => `--${flag}`,
  );
const variables = new Set<string>(
  Object.values(SERVICES)
    .flatMap((knobs) => Object.values(knobs))
    .map(({ env }) => env),
);
/** VECTRON_ variables in a text, also in what is commented out, that no command knows. */
const unknownIn = (text: string) =>
  [...text.matchAll(/\bVECTRON_[A-Z0-9_]+/g)].flatMap(([name]) => (variables.has(name) ? [] : [name]));

it('the systemd unit runs a command with flags that it has, and waits longer than the command takes to stop', () => {
  const unit = read('deploy/systemd/vectron.service');
  const [, command, ...words] = (/^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '').split(' ');
  expect(command).toBe('serve');
  const flags = words.filter((word) => word.startsWith('--'));
  expect(flags).toEqual(['--data']);
  expect(flagsOf('serve')).toEqual(expect.arrayContaining(flags));
  const [, graceMs] = /delay: ([\d_]+)/.exec(read('apps/cli/src/stop-on-signal.ts')) ?? [];
  const [, stopS] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
  expect(Number(stopS)).toBeGreaterThan(Number(graceMs.replaceAll('_', '')) / 1_000);
});

it('the settings of the systemd unit are settings of the server', () => {
  const settings = read('deploy/systemd/vectron.env');
  const named = [...settings.matchAll(/^#?(VECTRON_\w+)=/gm)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(3);
  expect(Object.values(SERVICES.serve).map(({ env }) => env)).toEqual(expect.arrayContaining(named));
  expect(unknownIn(settings.replace('VECTRON_ variable', ''))).toEqual([]);
});

it('the image has settings that the server has, and its user is the one of everything that runs it', () => {
  const image = read('deploy/image/Containerfile');
  const [, environment] = /^ENV ((?:.*\\\n)*.*)$/m.exec(image) ?? [];
  expect(environment.match(/VECTRON_\w+(?==)/g)).toEqual(['VECTRON_DATA', 'VECTRON_HTTP', 'VECTRON_GRPC']);
  expect(unknownIn(image)).toEqual([]);
  expect(image).toContain('\nUSER 10001:10001\n');
  expect(image).toContain('\nENTRYPOINT ["vectron"]\n');
  for (const file of ['compose/server.yaml', 'compose/cluster.yaml'])
    expect(read(`deploy/${file}`)).toContain("user: '10001:10001'");
});
