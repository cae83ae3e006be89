// Whether an answer is as a scenario says: what is named must be there and equal.
import { inspect } from 'node:util';
import { keptValue } from './made-data.mjs';

const FRACTION = 1e-5;

/** Throws an Error that names the place, unless `got` has all that `wanted` says. `kept`: what steps kept. */
export function compare(wanted, got, kept, at = 'answer') {
  if (Array.isArray(wanted)) return compareList(wanted, got, kept, at);
  if (wanted !== null && typeof wanted === 'object') {
    const [key, ...others] = Object.keys(wanted);
    if (key?.startsWith('$')) return match(key, others, wanted, got, kept, at);
    if (got === null || typeof got !== 'object' || Array.isArray(got)) differ(at, wanted, got);
    for (const [name, one] of Object.entries(wanted)) compare(one, got[name], kept, `${at}.${name}`);
    return;
  }
  if (!equal(wanted, got)) differ(at, wanted, got);
}

function compareList(wanted, got, kept, at) {
  if (!Array.isArray(got) || got.length !== wanted.length) differ(at, wanted, got);
  for (const [i, one] of wanted.entries()) compare(one, got[i], kept, `${at}[${i}]`);
}

function match(key, others, wanted, got, kept, at) {
  const value = wanted[key];
  const isThere = got !== undefined && got !== null;
  const allowed = key === '$near' ? ['within'] : [];
  const unknown = others.find((other) => !allowed.includes(other));
  if (unknown !== undefined) throw new Error(`${at}: ${key} has no ${unknown}`);
  const holds = {
    $absent: () => got === undefined,
    $any: () => isThere,
    $near: () => typeof numberOf(got) !== 'undefined' && Math.abs(Number(numberOf(got)) - value) <= wanted.within,
    $length: () => (Array.isArray(got) || typeof got === 'string') && got.length === value,
    $from: () => equal(keptValue(value, kept), got),
    $unordered: () => Array.isArray(got) && got.length === value.length && isPairing(value, got, kept),
  }[key];
  if (holds === undefined) throw new Error(`${at}: there is no matcher ${key}`);
  if (!holds()) differ(at, wanted, got);
}

/** Whether each of `wanted` has one of `got` for itself (Kuhn's algorithm). */
function isPairing(wanted, got, kept) {
  const owner = new Map();
  const fits = (one, i) => {
    try {
      compare(one, got[i], kept);
      return true;
    } catch {
      return false;
    }
  };
  const place = (at, seen) =>
    got.some((_, i) => {
      if (seen.has(i) || !fits(wanted[at], i)) return false;
      seen.add(i);
      if (owner.has(i) && !place(owner.get(i), seen)) return false;
      owner.set(i, at);
      return true;
    });
  return wanted.every((_, at) => place(at, new Set()));
}

/** An integer as bigint, another number as itself, whichever way it is written; undefined: it is no number. */
function numberOf(value) {
  if (typeof value === 'bigint') return value;
  // A double that was rounded is the integer that it is now, and no other.
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  return typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}

function equal(wanted, got) {
  const [a, b] = [numberOf(wanted), numberOf(got)];
  if (a === undefined || b === undefined) return wanted === got;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a === b;
  return Math.abs(Number(a) - Number(b)) <= FRACTION || Number(a) === Number(b);
}

const shown = (value) => inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY }).slice(0, 800);

function differ(at, wanted, got) {
  throw new Error(`${at} is ${shown(got)}, and should be ${shown(wanted)}`);
}
