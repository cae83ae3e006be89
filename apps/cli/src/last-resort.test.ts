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
