import { availableParallelism } from 'node:os';
import { VectronError } from '@vectron/errors';
import type { GatewayConfig } from '../config.js';

/** More threads than that take more memory than they are worth, unless somebody wants them. */
const MOST_AUTO = 16;

/**
 * How many gateways a process runs. `auto` leaves half of the cores to the search engine, which takes about as much of a search as
 * the gateway does, and up to three cores to one gateway in the main thread.
 *
 * Each has a part of the room for requests, so that a room may be too small for many. Throws INVALID_ARGUMENT for more than it is
 * enough for; `auto` takes fewer.
 */
export function gatewayCount(
  config: Pick<GatewayConfig, 'gateways' | 'maxReads' | 'maxWrites'>,
  cores = availableParallelism(),
  platform: NodeJS.Platform = process.platform,
): number {
  const { gateways, maxReads, maxWrites } = config;
  const bounds: [string, number][] = [
    ['--max-reads', maxReads],
    ['--max-writes', maxWrites],
  ];
  if (gateways === 'auto') {
    if (platform === 'win32') return 1;
    return Math.max(1, Math.min(MOST_AUTO, Math.floor(cores / 2), ...bounds.map(([, most]) => most)));
  }
  if (gateways === 1) return 1;
  if (platform === 'win32') {
    throw VectronError.invalid('gateways', 'on Windows a process can only run one gateway: set --gateways 1');
  }
  for (const [flag, most] of bounds) {
    if (gateways > most) {
      throw VectronError.invalid(
        'gateways',
        `--gateways ${gateways} is not possible with ${flag}: it must be at most ${most}`,
      );
    }
  }
  return gateways;
}
