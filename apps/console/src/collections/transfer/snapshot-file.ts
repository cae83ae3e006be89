import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { VectronError } from '@vectron/errors';
import { isPlainObject, parseJson, stringifyJson } from '@vectron/model/exact-json';
import { linesOf } from '../import/lines';

/**
 * Snapshots as `vectron collections snapshot` writes and `vectron collections restore` reads them: a header, a point a line, and a
 * last line with the number of points and the SHA-256 of all lines before.
 */
const VERSION = 3;

export interface Header {
  readonly collection: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly moment?: { readonly aliases?: readonly string[] };
}

/** Writes a snapshot as a Blob, which the browser keeps on disk when it is large. */
export class SnapshotWriter {
  readonly #hash = sha256.create();
  readonly #parts: Blob[] = [];
  #points = 0;

  constructor(header: Pick<Header, 'collection' | 'settings'> & { readonly moment: object }) {
    const { collection, settings, moment } = header;
    this.#write([
      stringifyJson({ vectronSnapshot: VERSION, collection, settings, at: new Date().toISOString(), moment }),
    ]);
  }

  add(points: readonly object[]): void {
    this.#write(points.map((point) => stringifyJson(point)));
    this.#points += points.length;
  }

  finish(): Blob {
    const trailer = `${JSON.stringify({ points: this.#points, sha256: bytesToHex(this.#hash.digest()) })}\n`;
    return new Blob([...this.#parts, trailer], { type: 'application/x-ndjson' });
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const bytes = utf8ToBytes(`${lines.join('\n')}\n`);
    this.#hash.update(bytes);
    this.#parts.push(new Blob([bytes as BlobPart]));
  }
}

const wrong = (why: string) => VectronError.invalid('file', `this is no snapshot that can be restored: ${why}`);

/** Reads the whole file before anything is made of it. Throws INVALID_ARGUMENT when it was cut off or changed. */
export async function checkedHeader(file: Blob): Promise<{ header: Header; points: number }> {
  const hash = sha256.create();
  let header: (Header & { vectronSnapshot?: number }) | undefined;
  let last: string | undefined;
  let lines = 0;
  for await (const { text } of linesOf(file)) {
    if (last !== undefined) hash.update(utf8ToBytes(`${last}\n`));
    lines += 1;
    if (lines === 1) header = objectOf(text) as unknown as Header & { vectronSnapshot?: number };
    last = text;
  }
  if (header === undefined || ![1, 2, 3].includes(header.vectronSnapshot ?? 0))
    throw wrong('its first line is not that of one');
  const { points, sha256: expected } = objectOf(last ?? '') as { points?: number; sha256?: string };
  if (points !== lines - 2) throw wrong('it was cut off');
  if (expected !== undefined && expected !== bytesToHex(hash.digest())) throw wrong('it was changed');
  return { header, points };
}

/** The points of a file that was checked. */
export async function* pointsOf(file: Blob, points: number): AsyncGenerator<object> {
  let line = -1;
  for await (const { text } of linesOf(file)) {
    line += 1;
    if (line > points) return;
    if (line > 0) yield objectOf(text);
  }
}

function objectOf(text: string): Record<string, unknown> {
  const value = parseJson(text, 'line');
  if (!isPlainObject(value)) throw wrong('a line is not a JSON object');
  return value;
}
