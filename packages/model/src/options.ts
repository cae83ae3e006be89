import { VectronError } from '@vectron/errors';
import { hint } from './document.js';
import { isPlainObject } from './exact-json.js';

/** Options that are of this process and of no message. Throws INVALID_ARGUMENT for one that there is not. */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (!isPlainObject(options)) throw VectronError.invalid('options', `options must be an object${hint(options)}`);
  const other = Object.keys(options).find((key) => options[key] !== undefined && !known.includes(key));
  if (other !== undefined)
    throw VectronError.invalid(other, `unknown option ${other}; the options are ${known.join(', ')}`);
}

/** Throws INVALID_ARGUMENT unless the option is a whole number within bounds; `most` may be Infinity, which is a value then. */
export function checkWhole(name: string, value: number, least: number, most: number): void {
  const fits = (Number.isInteger(value) && value >= least && value <= most) || (value === most && most === Infinity);
  if (fits) return;
  const bounds = most === Infinity ? `of at least ${least}, or Infinity` : `from ${least} to ${most}`;
  throw VectronError.invalid(
    name,
    `${name} must be a whole number ${bounds}, not ${typeof value === 'number' ? value : typeof value}`,
  );
}
