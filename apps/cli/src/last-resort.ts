import { isOwnFrame } from './own-code.js';

/** What the other end of a connection brings about by going away, or by speaking no protocol that this end knows. */
const PEER_IS_GONE = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ENOTCONN', 'ETIMEDOUT', 'EHOSTUNREACH']);
const PEER_IS_WRONG = /^(?:ERR_HTTP2_|ERR_SSL_|ERR_TLS_|ERR_STREAM_|HPE_)/;

/**
 * Whether an error that nobody took care of is the fault of a client: a socket whose other end went away, or a stream that
 * broke by what came on it. An error with a frame of this project's own code in its stack is ours, unless it is a write or a
 * read that failed because nobody was at the other end any more: these are thrown where they are made.
 */
export function isClientFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall, stack = '' } = error as NodeJS.ErrnoException;
  if (code === undefined) return false;
  if (PEER_IS_GONE.has(code)) return syscall === 'read' || syscall === 'write' || syscall === 'shutdown';
  if (!PEER_IS_WRONG.test(code)) return false;
  return !stack.split('\n').some(isOwnFrame);
}

/**
 * The last resort of a process for errors that nobody took care of. A client's fault is logged and counted, and the process
 * goes on: whose socket it was is gone, and nothing of ours is half done by it. Any other one is a fault of ours, after
 * which no part of the process can be relied on: `end` is called with it, once.
 */
export function takeUnhandled(onClientFault: (code: string) => void, end: (error: unknown) => void): void {
  const take = (error: unknown) => {
    if (!isClientFault(error)) return end(error);
    const { code = '', message } = error as NodeJS.ErrnoException;
    console.error(`a connection broke and no part of the process was waiting for that: ${message} (${code})`);
    onClientFault(code);
  };
  // Output that nobody reads any more would be an error, to be told of in the output, and so on without end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('uncaughtException', take);
  process.on('unhandledRejection', take);
}
