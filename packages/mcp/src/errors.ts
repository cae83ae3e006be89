import { inspect } from 'node:util';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { retryAfterOf, type VectronError } from '@vectron/errors';
import type { McpSettings } from './settings.js';

/** Of `_meta` of an answer that is an error. */
export const ERROR_META = 'vectron/error';

/** What a caller can act on. The cause of an error, which may hold anything, is for the operator alone. */
export function errorBody(error: VectronError): Record<string, unknown> {
  const { code, message, requestId, retryable, details } = error;
  return { code, message, requestId, field: details.field || undefined, retryable, retryAfterMs: retryAfterOf(error) };
}

/**
 * The answer for a call that failed: JSON in the text, and the same in `_meta`. It has no `structuredContent`, which clients hold against
 * the schema of answers.
 */
export function errorAnswer(tool: string, error: VectronError, log: McpSettings['log']): CallToolResult {
  logFault(tool, error, log);
  const body = JSON.parse(JSON.stringify(errorBody(error))) as Record<string, unknown>;
  return {
    isError: true,
    content: [{ type: 'text', text: JSON.stringify({ error: body }) }],
    _meta: { [ERROR_META]: body },
  };
}

/** Tells the operator of a fault of this program; errors of callers are only returned to them. */
export function logFault(what: string, { code, message, cause }: VectronError, log: McpSettings['log']): void {
  if (code !== 'INTERNAL') return;
  const reason = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause, { depth: 1 });
  log(`${what}: ${code}: ${message}${cause === undefined ? '' : `\n${reason}`}`);
}
