import type { Point } from '@vectron/sdk';

/** Points to import, and how many when that is known beforehand. */
export interface ImportSource {
  readonly total?: number;
  readonly dimension?: number;
  readonly points: AsyncIterable<Point>;
}
