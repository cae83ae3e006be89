import { toVectronError, VectronError } from '@vectron/errors';
import { encodePoints } from '@vectron/model';
import type { Point } from '@vectron/sdk';

/** What the points of a collection have to fit. */
export interface Fit {
  readonly dimension: number;
  readonly distance: string;
  /** Dimensions of the named vectors that are declared. */
  readonly vectors: Map<string, number>;
  readonly sparse: Set<string>;
  /** Undeclared named and sparse vectors are declared when they come; only in a collection that was made for the file. */
  readonly grows: boolean;
}

/** Why the server would refuse the point; undefined when nothing is wrong with it that can be seen without asking. */
export function refusal(point: Point, fit: Fit): string | undefined {
  try {
    const { id, vector = [], payload } = point;
    const sparse = Object.entries(point.sparse ?? {});
    const vectors = Object.entries(point.vectors ?? {});
    encodePoints([{ id, vector, payload, sparse, vectors, ttlSeconds: point.ttlSeconds }], fit, 1);
    for (const [name, one] of vectors) {
      const dimension = fit.vectors.get(name) ?? (fit.grows ? one.length : undefined);
      if (dimension === undefined) throw undeclared('vector', name, `--type vector --dimension ${one.length}`);
      if (dimension !== one.length) {
        throw VectronError.invalid(
          'vectors',
          `vectors.${name} has ${one.length} dimensions, but must have the ${dimension} of the collection`,
        );
      }
    }
    for (const [name] of sparse)
      if (!fit.sparse.has(name) && !fit.grows) throw undeclared('sparse vector', name, '--type sparse');
    return undefined;
  } catch (error) {
    // The place in a request of one point is no place that the reader of a report knows.
    return toVectronError(error).message.replaceAll('points[0].', '');
  }
}

const undeclared = (what: string, name: string, flags: string) =>
  VectronError.invalid(
    'vectors',
    `the collection has no ${what} ${name}; create it with \`vectron indexes create COLLECTION ${name} ${flags}\``,
  );
