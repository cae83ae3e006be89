/** Seconds since 1970 as people read them; 0 is never. */
export const moment = (seconds: string | number): string =>
  Number(seconds) === 0 ? 'never' : new Date(Number(seconds) * 1_000).toLocaleString('en-GB');
