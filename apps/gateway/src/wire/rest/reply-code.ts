import type { ErrorCode } from '@vectron/errors';
import type { FastifyReply } from 'fastify';

const CODE = Symbol('error code');

/** `OK`, or the code of the error that was sent. */
export function codeOf(reply: FastifyReply): string {
  if (reply.statusCode < 400) return 'OK';
  return ((reply as { [CODE]?: ErrorCode })[CODE] ?? String(reply.statusCode)) as string;
}

/** Remembers what a failed request is counted as. */
export function markCode(reply: FastifyReply, code: ErrorCode): void {
  (reply as { [CODE]?: ErrorCode })[CODE] = code;
}
