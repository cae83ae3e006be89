import { parseJson } from '@vectron/model';
import { LeftOut } from '../row-of.js';
import type { PgColumn, PgType } from './catalog.js';

/** What a column is for a point. */
export type VectorForm = 'dense' | 'bits' | 'sparse';

const FORMS: Record<string, VectorForm> = { vector: 'dense', halfvec: 'dense', sparsevec: 'sparse' };
const BITS = ['bit', 'bit varying', 'varbit'];
const INTEGERS = ['smallint', 'integer', 'bigint', 'int', 'int2', 'int4', 'int8', 'oid'];
const SERIALS = ['smallserial', 'serial', 'bigserial', 'serial2', 'serial4', 'serial8'];
const FLOATS = ['real', 'double precision', 'float', 'float4', 'float8'];
const DECIMALS = ['numeric', 'decimal'];

/** By its type; undefined: it is no vector. Bits are vectors only where that is said (an index, or a choice). */
export const vectorForm = (type: PgType | undefined): VectorForm | undefined =>
  type === undefined || type.isArray || !Object.hasOwn(FORMS, type.name) ? undefined : FORMS[type.name];

export const isBits = (type: PgType | undefined) => type !== undefined && !type.isArray && BITS.includes(type.name);

/** Components that the type says, such as 4 of vector(4). */
export const declaredDimension = (type: PgType | undefined): number | undefined =>
  type !== undefined && (vectorForm(type) !== undefined || isBits(type)) ? type.args[0] : undefined;

/** Types whose values are text here. */
const TEXTS = [
  ...[
    'text',
    'character varying',
    'varchar',
    'character',
    'char',
    'bpchar',
    'name',
    'citext',
    'uuid',
    'bytea',
    'date',
    'time',
  ],
  ...[
    'timestamp',
    'timestamptz',
    'timetz',
    'interval',
    'inet',
    'cidr',
    'macaddr',
    'macaddr8',
    'money',
    'point',
    'line',
    'lseg',
  ],
  ...[
    'box',
    'path',
    'polygon',
    'circle',
    'xml',
    'tsvector',
    'tsquery',
    'jsonpath',
    'pg_lsn',
    'xid',
    'regclass',
    'hstore',
  ],
];
const KNOWN = new Set([
  ...[...TEXTS, ...BITS, ...INTEGERS, ...SERIALS, ...FLOATS, ...DECIMALS, ...Object.keys(FORMS)],
  ...['boolean', 'bool', 'json', 'jsonb'],
]);

/**
 * Whether the dump does not say what the values are: it has no CREATE TABLE, or the type is one of its own that is declared
 * elsewhere, such as a domain, which pg_dump leaves out with --table.
 */
export const isUnknown = (type: PgType | undefined): boolean =>
  type === undefined || (!type.isArray && !KNOWN.has(type.name));

export const typeText = (column: PgColumn): string => {
  if (column.type === undefined) return 'type not in the dump';
  const { name, args, isArray } = column.type;
  return `${name}${args.length === 0 ? '' : `(${args.join(',')})`}${isArray ? '[]' : ''}`;
};

/** Numbers of vector, halfvec, bits, an array (`{1,2}`) or JSON text of a list. Throws an Error that says what is wrong. */
export function denseOf(text: string, form: VectorForm | undefined): Float32Array {
  if (form === 'bits' || (form === undefined && /^[01]+$/.test(text))) {
    return Float32Array.from(text, (bit) => Number(bit));
  }
  const list = text.startsWith('{') ? `[${text.slice(1, -1)}]` : text;
  let numbers: unknown;
  try {
    numbers = JSON.parse(list);
  } catch {
    throw new Error(`a vector must be a list such as [1,2,3], not ${brief(text)}`);
  }
  if (!Array.isArray(numbers) || !numbers.every((one) => typeof one === 'number')) {
    throw new Error(`a vector must be a list of numbers, not ${brief(text)}`);
  }
  return new Float32Array(numbers as number[]);
}

/** `{1:0.5,7:2}/10`: its indices begin at 1 and become those from 0, as in pgvector's clients. */
export function sparseOf(text: string): { indices: number[]; values: number[] } {
  const found = /^\{(.*)\}\/\d+$/.exec(text);
  if (found === null) throw new Error(`a sparse vector must be such as {1:0.5,7:2}/10, not ${brief(text)}`);
  const pairs = found[1] === '' ? [] : found[1].split(',').map((pair) => pair.split(':').map(Number));
  return { indices: pairs.map(([index]) => index - 1), values: pairs.map(([, value]) => value) };
}

const brief = (text: string) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);

/** The value of a payload property; a LeftOut says why there is none. */
export type ReadValue = (text: string) => unknown;

/** How the texts of a column are read. */
export function reader(type: PgType | undefined): ReadValue {
  if (type === undefined) return guessed;
  return type.isArray ? (text) => arrayOf(text, scalarReader(type.name)) : scalarReader(type.name);
}

function scalarReader(name: string): ReadValue {
  if (INTEGERS.includes(name) || SERIALS.includes(name)) return integerOf;
  if (FLOATS.includes(name)) return floatOf;
  if (DECIMALS.includes(name)) return decimalOf;
  if (name === 'boolean' || name === 'bool') return (text) => text === 't' || text === 'true';
  if (name === 'json' || name === 'jsonb') return (text) => parseJson(text, 'the JSON');
  if (name === 'vector' || name === 'halfvec') return (text) => Array.from(denseOf(text, 'dense'));
  return (text) => text;
}

function integerOf(text: string): unknown {
  if (!/^-?\d+$/.test(text)) return new LeftOut(`an integer is required, not ${brief(text)}`);
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function floatOf(text: string): unknown {
  const number = Number(text);
  if (!Number.isFinite(number)) return new LeftOut(`JSON cannot have the number ${text}`);
  return number === 0 ? 0 : number;
}

/** A number where its shortest decimal form is this one but for zeros at the end; otherwise the text, which is exact. */
function decimalOf(text: string): unknown {
  if (/^-?(NaN|Infinity)$/.test(text)) return new LeftOut(`JSON cannot have the number ${text}`);
  if (/^-?\d+$/.test(text)) {
    const integer = BigInt(text);
    if (integer >= -(2n ** 63n) && integer < 2n ** 64n) return integerOf(text);
    return text;
  }
  const number = Number(text);
  return plainDecimal(String(number)) === plainDecimal(text) ? number : text;
}

/** Digits without an exponent, a leading plus or zeros that say nothing; -0 is 0. */
function plainDecimal(text: string): string {
  const found = /^(-?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text);
  if (found === null) return text;
  const [, sign, whole, fraction, exponent = '0'] = found;
  const shift = whole.length + Number(exponent);
  const digits = whole + fraction;
  const padded = shift < 0 ? '0'.repeat(-shift) + digits : digits.padEnd(shift, '0');
  const point = Math.max(0, shift);
  const integer = padded.slice(0, point).replace(/^0+/, '') || '0';
  const rest = padded.slice(point).replace(/0+$/, '');
  const plain = rest === '' ? integer : `${integer}.${rest}`;
  return plain === '0' ? plain : sign + plain;
}

/** As dumps of earlier versions were read, where the dump says no type: numbers, booleans and JSON where they read as such. */
function guessed(text: string): unknown {
  if (text === 't') return true;
  if (text === 'f') return false;
  if (!/^(-?\d+(\.\d+)?([eE][-+]?\d+)?$|[[{])/.test(text)) return text;
  try {
    const value = parseJson(text);
    if (typeof value === 'number') return String(value) === text ? value : text;
    return typeof value === 'bigint' || (typeof value === 'object' && /^[[{]/.test(text)) ? value : text;
  } catch {
    return text;
  }
}

/** An array of PostgreSQL, `{1,NULL,"a b"}` or `[0:1]={1,2}`, as a list; those of more dimensions as lists of lists. */
function arrayOf(text: string, read: ReadValue): unknown {
  const body = text.startsWith('[') ? text.slice(text.indexOf('=') + 1) : text;
  let at = 0;
  const list = (): unknown[] | LeftOut => {
    const items: unknown[] = [];
    let refused: LeftOut | undefined;
    at += 1;
    while (body[at] !== '}') {
      if (at >= body.length) return new LeftOut(`an array must be such as {1,2}, not ${brief(text)}`);
      if (body[at] === ',') at += 1;
      else {
        const value = body[at] === '{' ? list() : item();
        if (value instanceof LeftOut) refused = value;
        items.push(value);
      }
    }
    at += 1;
    return refused ?? items;
  };
  const item = (): unknown => {
    if (body[at] === '"') {
      let inner = '';
      for (at += 1; at < body.length && body[at] !== '"'; at++) {
        if (body[at] === '\\') at += 1;
        inner += body[at];
      }
      at += 1;
      return read(inner);
    }
    const end = /[,}]/g;
    end.lastIndex = at;
    const stop = end.exec(body)?.index ?? body.length;
    const plain = body.slice(at, stop);
    at = stop;
    return plain.toUpperCase() === 'NULL' ? null : read(plain.replace(/\\(.)/g, '$1'));
  };
  return body.startsWith('{') ? list() : new LeftOut(`an array must be such as {1,2}, not ${brief(text)}`);
}
