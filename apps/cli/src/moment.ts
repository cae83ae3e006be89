import { VectronError } from '@vectron/errors';

const MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30m`, `12h` or `7d` from now, or a date such as 2027-01-31 or 2027-01-31T12:00:00Z. Throws INVALID_ARGUMENT. */
export function moment(text: string | undefined, flag: string, now = Date.now()): Date | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const date = unit === undefined ? isoDate(text) : new Date(now + Number(count) * MS[unit as keyof typeof MS]);
  if (date !== undefined && date.getTime() > now) return date;
  const why = date === undefined ? 'must be like 30m, 12h, 7d or 2027-01-31' : 'is not in the future';
  throw VectronError.invalid(flag, `--${flag} ${why}: ${text}`);
}

function isoDate(text: string): Date | undefined {
  const date = new Date(/^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text) ? text : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
