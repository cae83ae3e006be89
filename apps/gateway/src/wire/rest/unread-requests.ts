import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { VectronError } from '@vectron/errors';
import { errorBody } from './http-error.filter.js';

/** How long a client may take to read why it was refused. */
const LINGER_MS = 2_000;

/**
 * Answers bytes that never became a request, with the status that HTTP has for it (RFC 9110, RFC 6585) and an error like any
 * other in the body, and ends the connection.
 */
export function refuseUnread(fault: Error & { code?: string }, socket: Socket): void {
  if (fault.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, error] = refusalOf(fault);
  const body = JSON.stringify(errorBody(error));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  // Not destroyed at once: with bytes that were not read, TCP would reset the connection and take the answer away.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  const late = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(late));
}

function refusalOf({ code }: { readonly code?: string }): [status: number, VectronError] {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message =
      `the path, query string and headers of the request are longer than ${maxHeaderSize} bytes together: ` +
      'send long values in a body, as with POST /v1/collections/{collection}/points/query instead of GET';
    return [431, new VectronError('PAYLOAD_TOO_LARGE', message)];
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return [
      408,
      new VectronError('DEADLINE_EXCEEDED', 'the request did not arrive within the time limit; send it faster'),
    ];
  }
  return [
    400,
    new VectronError('INVALID_ARGUMENT', 'this is not a valid HTTP/1.1 request: check its header and framing'),
  ];
}
