import type { gateway } from '@vectron/proto';
import type { Consistency } from './client.js';

/** As it travels; undefined: nothing was asked. */
export function wireConsistency(asked: Consistency | undefined): gateway.ReadConsistency | undefined {
  if (asked === undefined) return undefined;
  if (typeof asked === 'string') return { level: asked, maxStalenessMs: 0, writeToken: '' };
  if ('writeToken' in asked) return { level: 'at_least', maxStalenessMs: 0, writeToken: asked.writeToken };
  return { level: 'bounded', maxStalenessMs: asked.maxStalenessMs, writeToken: '' };
}
