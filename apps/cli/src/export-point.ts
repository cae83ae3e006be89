import { stringifyJson } from '@vectron/model';
import type { StoredPoint } from '@vectron/sdk';

/** The parts of a point as an export has them, all but id and vector as JSON text; a part that there is not is missing. */
export interface ExportedParts {
  readonly payload: string;
  readonly sparse?: string;
  /** JSON text: the dense vectors besides the first one, by name. */
  readonly vectors?: string;
  /** ISO 8601, in UTC, with milliseconds: it does not move while the file lies there. No JSON text. */
  readonly expiresAt?: string;
}

export const exportedParts = ({ payload, sparse, vectors, expiresAt }: StoredPoint): ExportedParts => ({
  payload: stringifyJson(payload),
  sparse: sparse && objectText(sparse, sparseText),
  vectors: vectors && objectText(vectors, listText),
  expiresAt: expiresAt?.toISOString(),
});

/** A point as a line of JSON, from which an import makes the same point: also the sign of -0, which JSON.stringify drops. */
export function exportedLine(point: StoredPoint): string {
  const { payload, sparse, vectors, expiresAt } = exportedParts(point);
  const more = [
    ...(sparse === undefined ? [] : [`"sparse":${sparse}`]),
    ...(vectors === undefined ? [] : [`"vectors":${vectors}`]),
    ...(expiresAt === undefined ? [] : [`"expiresAt":"${expiresAt}"`]),
  ];
  const head = `"id":${JSON.stringify(point.id)},"vector":${listText(point.vector ?? [])},"payload":${payload}`;
  return `{${[head, ...more].join(',')}}`;
}

const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

const listText = (values: ArrayLike<number>): string => `[${Array.from(values, numberText).join(',')}]`;

const sparseText = ({ indices, values }: { readonly indices: ArrayLike<number>; readonly values: ArrayLike<number> }) =>
  `{"indices":${listText(indices)},"values":${listText(values)}}`;

function objectText<T>(object: Readonly<Record<string, T>>, text: (value: T) => string): string {
  const members = Object.entries(object).map(([name, value]) => `${JSON.stringify(name)}:${text(value)}`);
  return `{${members.join(',')}}`;
}
