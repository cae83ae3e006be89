import { expect, it } from '@jest/globals';
import { defineKnobs, knobReference, setting } from './index.js';

const knobs = defineKnobs({
  listen: {
    env: 'VECTRON_LISTEN',
    flag: 'listen',
    schema: setting.listenAddress,
    default: '127.0.0.1:80',
    help: 'HOST:PORT',
  },
  size: { env: 'VECTRON_SIZE', flag: 'size', schema: setting.byteSize, default: '1MiB', help: 'bytes' },
  threads: { env: 'VECTRON_THREADS', flag: 'threads', schema: setting.integer(1, 8), default: '2', help: '1 to 8' },
});

it('takes the flag, else the environment, else the default', () => {
  const config = knobs.load({ flags: { threads: '4' }, env: { VECTRON_THREADS: '5', VECTRON_SIZE: '2KiB' } });
  expect(config).toEqual({ listen: { host: '127.0.0.1', port: 80 }, size: 2048, threads: 4 });
});

it('tells all faults at once, unknown variables included', () => {
  const load = () =>
    knobs.load({ flags: { listen: 'nowhere' }, env: { VECTRON_THREADS: '9', VECTRON_TREADS: '1', OTHER: 'x' } });
  expect(load).toThrow(/--listen: must be HOST:PORT/);
  expect(load).toThrow(/VECTRON_THREADS: must be 1 to 8/);
  expect(load).toThrow(/VECTRON_TREADS: no such setting/);
});

it('describes itself', () => {
  expect(knobReference('t', knobs.knobs)).toContain('| `--size` | `VECTRON_SIZE` | `1MiB` | bytes |');
});

it('knows which addresses stay on the machine', () => {
  expect(['127.0.0.1', '127.8.8.8', '::1', 'localhost'].every(setting.isLoopback)).toBe(true);
  expect(
    ['0.0.0.0', '10.0.0.1', '::', 'example.org', '127.0.0.1.example.org', '127.0.0.1x'].some(setting.isLoopback),
  ).toBe(false);
});
