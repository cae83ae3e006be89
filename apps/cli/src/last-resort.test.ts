import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { isClientFault } from './last-resort.js';

function failure(code: string, fields: object, ...frames: string[]): Error {
  const error = Object.assign(new Error(code), { code, ...fields });
  error.stack = [`Error: ${code}`, ...frames.map((frame) => `    at work (${frame})`)].join('\n');
  return error;
}

const OURS = 'file:///srv/vectron/apps/gateway/dist/wire/rest/search-socket.js:109:12';
const LIBRARY = 'file:///srv/vectron/node_modules/ws/lib/websocket.js:1:1';

it.each([
  failure('ECONNRESET', { syscall: 'read' }, 'node:internal/stream_base_commons:216:20'),
  // A write fails where it is made, and that is in our code.
  failure('ECONNRESET', { syscall: 'write' }, 'node:net:970:8', OURS),
  failure('EPIPE', { syscall: 'write' }, LIBRARY),
  failure('ERR_HTTP2_STREAM_ERROR', {}, 'node:internal/http2/core:1:1', LIBRARY),
  failure('ERR_SSL_WRONG_VERSION_NUMBER', {}, 'node:_tls_wrap:1:1'),
])('%p is the fault of a client', (error) => {
  expect(isClientFault(error)).toBe(true);
});

it.each([
  new Error('an error without a code'),
  new TypeError('undefined is not a function'),
  'no error at all',
  failure('ECONNREFUSED', { syscall: 'connect' }, 'node:net:1:1'),
  failure('ENOSPC', { syscall: 'write' }, 'node:fs:1:1'),
  failure('ERR_HTTP2_INVALID_STREAM', {}, 'node:internal/http2/core:1:1', OURS),
  failure('ERR_STREAM_WRITE_AFTER_END', {}, OURS),
])('%p is a fault of ours', (error) => {
  expect(isClientFault(error)).toBe(false);
});

it('tells whose code it was within the bundle, which has all of it in one file', () => {
  const root = mkdtempSync(join(tmpdir(), 'vectron-bundle-'));
  const bundle = join(root, 'apps/cli/bundle');
  mkdirSync(bundle, { recursive: true });
  const file = join(bundle, 'main.js');
  const frame = (line: number) => `file://${file}:${line}:1`;
  const fault = (line: number) => isClientFault(failure('ERR_STREAM_WRITE_AFTER_END', {}, frame(line)));
  // Without a map it may be ours.
  expect(fault(1)).toBe(false);
  // Line 1 is of a library, line 2 of ours: https://tc39.es/ecma426, `AAAA` and `ACAA`.
  const sources = ['../../../node_modules/ws/lib/websocket.js', '../../gateway/dist/start-gateway.js'];
  writeFileSync(`${file}.map`, JSON.stringify({ version: 3, names: [], sources, mappings: 'AAAA;ACAA' }));
  expect([fault(1), fault(2)]).toEqual([true, false]);
  rmSync(root, { recursive: true });
});

it('a process whose output nobody reads any more goes on', async () => {
  const module = pathToFileURL(resolve('apps/cli/dist/last-resort.js')).href;
  const code = `
    const { takeUnhandled } = await import('${module}');
    let faults = 0;
    takeUnhandled(() => { faults += 1; if (faults > 10) process.exit(3); }, () => process.exit(4));
    process.stdin.once('data', () => {
      for (let at = 0; at < 5; at += 1) setImmediate(() => console.error('said to nobody'));
      setTimeout(() => process.exit(faults), 50);
    });
    console.log('listens');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'pipe' });
  await once(child.stdout, 'data');
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  const ended = once(child, 'exit');
  child.stdin.write('go on');
  expect(await ended).toEqual([0, null]);
});
