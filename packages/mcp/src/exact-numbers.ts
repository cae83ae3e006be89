import { VectronError } from '@vectron/errors';
import { isPlainObject, parseJson } from '@vectron/model';

/**
 * Numbers on their way through clients that read JSON with doubles, as those in JavaScript do: an integer beyond 2^53 would arrive
 * rounded, and nobody would see it. So it is written as `{"$number": "9007199254740993"}` in answers, and taken in that form in
 * arguments, where the plain number is refused. An object of data that looks like this form has one more `$` on the way.
 */
const FORM = /^\$+number$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Payloads and filters have narrower limits of their own. */
const MAX_DEPTH = 200;

/** The one key of an object that has the form, or the form with more `$`. */
function formKey(value: Record<string, unknown>): string | undefined {
  const keys = Object.keys(value);
  return keys.length === 1 && FORM.test(keys[0]) ? keys[0] : undefined;
}

const isRisky = (value: number): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

/** A value of an answer as JSON that any reader takes exactly. Typed arrays become lists. */
export function exactOut(value: unknown): unknown {
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : { $number: String(value) };
  if (typeof value === 'number') return isRisky(value) ? { $number: numberText(value) } : value;
  if (Array.isArray(value)) return value.map(exactOut);
  if (!isPlainObject(value)) return value;
  const key = formKey(value);
  if (key !== undefined) return { [`$${key}`]: exactOut(value[key]) };
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, exactOut(one)]));
}

/** The digits of a double that is an integer beyond 2^53. */
const numberText = (value: number): string => String(BigInt(value));

/**
 * A value of the arguments with `bigint` for integers beyond 2^53. Throws INVALID_ARGUMENT, with the place in `field`, for such an
 * integer as a plain number, and for a `$number` that holds no number. The message leaves the place out.
 */
export function exactIn(value: unknown, at = '', depth = 0): unknown {
  if (depth > MAX_DEPTH)
    throw VectronError.invalid(at.slice(0, 200), 'the arguments are nested too deeply; send a flatter structure');
  if (typeof value === 'number' && isRisky(value)) {
    throw VectronError.invalid(
      at,
      'an integer beyond 2^53 may have been rounded on its way here: send its digits as {"$number": "..."}',
    );
  }
  if (Array.isArray(value)) return value.map((one, place) => exactIn(one, `${at}[${place}]`, depth + 1));
  if (!isPlainObject(value)) return value;
  const key = formKey(value);
  if (key === '$number') return numberOf(value[key], at);
  const within = (name: string) => (at === '' ? name : `${at}.${name}`);
  if (key !== undefined) return { [key.slice(1)]: exactIn(value[key], within(key), depth + 1) };
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, exactIn(one, within(name), depth + 1)]));
}

function numberOf(text: unknown, at: string): unknown {
  if (typeof text === 'string' && text.length <= 400 && NUMBER.test(text)) return parseJson(text, at);
  throw VectronError.invalid(at, '$number must be a number as text, such as {"$number": "9007199254740993"}');
}
