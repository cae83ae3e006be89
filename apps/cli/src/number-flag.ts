import { InvalidArgumentError } from 'commander';

/** A decimal number as JSON has it: no blanks, no units, no hexadecimal digits, and neither NaN nor Infinity. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * The value of a flag that is a number, within bounds where this machine has some of its own; the limits of a request are
 * checked with the request. A word, an empty text or `5s` is wrong usage, which names the flag.
 */
export function numberFlag(text: string): number {
  const value = Number(text);
  if (!NUMBER.test(text) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** As numberFlag, for whole numbers within bounds. */
export const wholeFlag =
  (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = numberFlag(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    const bounds = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${bounds}.`);
  };
