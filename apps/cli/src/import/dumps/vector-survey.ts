import { VectronError } from '@vectron/errors';
import { isPlainObject } from '@vectron/model';
import { floatsOf, shown } from '../json-floats.js';
import type { ReadRow } from '../rows.js';
import { Frequencies } from './frequencies.js';
import type { Dimensions, Parts } from './row-of.js';

/** A vector of a row, or why it is none that a point can have. */
export type VectorValue =
  | { readonly kind: 'dense'; readonly numbers: Float32Array }
  | { readonly kind: 'sparse'; readonly indices: number[]; readonly values: number[] }
  | { readonly kind: 'other'; readonly reason: string };

/** undefined: there is none. Throws INVALID_ARGUMENT when a number of it is none. */
export function vectorOf(value: unknown, name: string): VectorValue | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined;
    if (Array.isArray(value[0]) && value.every((one) => Array.isArray(one))) {
      return { kind: 'other', reason: 'has several vectors, and a point can have one of a name' };
    }
    return { kind: 'dense', numbers: new Float32Array(floatsOf(value, name)) };
  }
  if (isPlainObject(value) && Array.isArray(value.indices) && Array.isArray(value.values)) {
    const [indices, values] = [floatsOf(value.indices, `${name}.indices`), floatsOf(value.values, `${name}.values`)];
    return { kind: 'sparse', indices: [...indices], values: [...values] };
  }
  return { kind: 'other', reason: `must be a list of numbers, not ${shown(value)}` };
}

export type Vectors = ReadonlyMap<string, VectorValue>;

interface Seen {
  readonly dimensions: Frequencies;
  readonly counts: { dense: number; sparse: number; other: number };
}

/** Named vectors of a collection, and as many sparse ones; the names have up to 64 bytes. */
const MAX_NAMED = 16;
const canBeNamed = (name: string) => name !== '' && Buffer.byteLength(name) <= 64;

/** What the vectors of the rows are called and are, from one reading of all rows. */
export class VectorSurvey {
  private readonly seen = new Map<string, Seen>();

  add(vectors: Vectors): void {
    for (const [name, vector] of vectors) {
      const known = this.seen.get(name);
      const seen = known ?? { dimensions: new Frequencies(), counts: { dense: 0, sparse: 0, other: 0 } };
      if (known === undefined) this.seen.set(name, seen);
      seen.counts[vector.kind] += 1;
      if (vector.kind === 'dense') seen.dimensions.add(vector.numbers.length);
    }
  }

  /**
   * The first vector is the one that was chosen, else that without a name, else the one that most points have. Throws
   * INVALID_ARGUMENT when there is none of the name chosen. `unnamed`: name of the vector that has none.
   */
  plan(file: string, chosen: string | undefined, unnamed: string): VectorPlan {
    const kindOf = ({ counts }: Seen) =>
      (['dense', 'sparse', 'other'] as const).reduce((most, kind) => (counts[kind] > counts[most] ? kind : most));
    const names = [...this.seen.keys()];
    const of = (kind: string) => names.filter((name) => kindOf(this.seen.get(name) as Seen) === kind);
    const dense = of('dense');
    const count = (name: string) => this.seen.get(name)?.counts.dense ?? 0;
    const most = [...dense].sort((a, b) => count(b) - count(a))[0];
    if (chosen !== undefined && !dense.includes(chosen)) {
      throw VectronError.invalid(
        'vector',
        `${file} has no vector ${chosen} for --vector; choose one of ${dense.join(', ') || 'none'}`,
      );
    }
    const first = chosen ?? (dense.includes(unnamed) ? unnamed : (most ?? unnamed));
    const kept = [first, ...dense.filter((name) => name !== first && canBeNamed(name)).slice(0, MAX_NAMED)];
    const dimensions = new Map(kept.map((name) => [name, this.seen.get(name)?.dimensions.most ?? 0]));
    return new VectorPlan(first, unnamed, dimensions, new Set(of('sparse').filter(canBeNamed).slice(0, MAX_NAMED)));
  }
}

/** Which of the vectors of a row are what for its point. */
export class VectorPlan {
  readonly dimensions: Dimensions;

  constructor(
    readonly first: string,
    private readonly unnamed: string,
    dense: ReadonlyMap<string, number>,
    readonly sparse: ReadonlySet<string>,
  ) {
    const named = [...dense].filter(([name]) => name !== first);
    this.dimensions = { dimension: dense.get(first) ?? 0, named: new Map(named) };
  }

  /** For a RowSource. */
  get source() {
    const { dimension, named } = this.dimensions;
    return {
      dimension: dimension === 0 ? undefined : dimension,
      namedVectors: Array.from(named, ([name, of]) => ({ name, dimension: of })),
      sparseVectors: [...this.sparse],
    };
  }

  get understood(): string[] {
    const { dimension, named } = this.dimensions;
    const called = this.first === this.unnamed ? 'the one without a name' : `"${this.first}"`;
    return [
      ...(dimension === 0 ? ['vector: no row has one'] : [`vector: ${called}, ${dimension} dimensions`]),
      ...Array.from(named, ([name, of]) => `named vector: "${name}", ${of} dimensions`),
      ...Array.from(this.sparse, (name) => `sparse vector: "${name}"`),
    ];
  }

  /** `missing`: why a row has no vectors at all. */
  parts(vectors: Vectors, missing: string): Pick<Parts, 'vector' | 'noVector' | 'vectors' | 'sparse' | 'leftOut'> {
    const first = vectors.get(this.first);
    const leftOut: { what: string; reason: string }[] = [];
    const named: [string, Float32Array][] = [];
    const sparse: [string, { indices: number[]; values: number[] }][] = [];
    for (const [name, vector] of vectors) {
      if (name === this.first) continue;
      if (vector.kind === 'dense' && this.dimensions.named.has(name)) named.push([name, vector.numbers]);
      else if (vector.kind === 'sparse' && this.sparse.has(name)) {
        sparse.push([name, { indices: vector.indices, values: vector.values }]);
      } else leftOut.push({ what: `vector ${name}`, reason: this.otherwise(vector) });
    }
    return {
      vector: first?.kind === 'dense' ? first.numbers : undefined,
      noVector: this.noVector(vectors, first, missing),
      vectors: Object.fromEntries(named),
      sparse: Object.fromEntries(sparse),
      leftOut: leftOut satisfies ReadRow['leftOut'],
    };
  }

  private otherwise(vector: VectorValue): string {
    return vector.kind === 'other'
      ? `it ${vector.reason}`
      : `it is ${vector.kind}, and not so in most rows; or its name has more than 64 bytes, or ${MAX_NAMED} others come before it`;
  }

  private noVector(vectors: Vectors, first: VectorValue | undefined, missing: string): string {
    if (vectors.size === 0) return missing;
    const name = this.first === this.unnamed ? '' : ` ${this.first}`;
    if (first === undefined) {
      return `it has no vector${name}, which is the first one of the points, but ${[...vectors.keys()].join(', ')}; choose another with --vector`;
    }
    return `its vector${name} ${first.kind === 'other' ? first.reason : `must be dense, not ${first.kind}`}`;
  }
}
