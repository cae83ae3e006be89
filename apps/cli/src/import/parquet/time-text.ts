/** Times as ISO 8601 text with all of their digits: `Date` has milliseconds. */

const SECONDS_A_DAY = 86_400n;

/** `2024-02-29` of the days since 1970-01-01. */
export function dateText(days: number): string {
  // From the days of the proleptic Gregorian calendar, in 400 years of 146,097 days that begin in March.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${yearText(year)}-${two(month)}-${two(day)}`;
}

/** `+012024` beyond four digits, as ISO 8601 and `Date` have it. */
const yearText = (year: number): string => {
  if (year >= 0 && year <= 9_999) return String(year).padStart(4, '0');
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
};
const two = (value: number | bigint): string => String(value).padStart(2, '0');

/** `13:04:05.123456789` of a time of day in units of 10^-places seconds; a fraction of zeros is left out. */
export function timeText(time: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const [seconds, fraction] = [time / unit, time % unit];
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(places, '0')}`;
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${digits}`;
}

/** `2024-02-29T13:04:05.123Z` of a time since 1970-01-01 in units of 10^-places seconds; `Z` only where it is UTC. */
export function epochText(time: bigint, places: number, isUtc: boolean): string {
  const day = SECONDS_A_DAY * 10n ** BigInt(places);
  const days = time / day - (time % day < 0n ? 1n : 0n);
  return `${dateText(Number(days))}T${timeText(time - days * day, places)}${isUtc ? 'Z' : ''}`;
}

/** All digits of `unscaled` / 10^scale. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  if (scale <= 0) return sign + digits + '0'.repeat(digits === '0' ? 0 : -scale);
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
