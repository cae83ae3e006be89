/** Seconds since 1970 as people read them; 0 is never. */
export const moment = (seconds: string | number): string => momentMs(Number(seconds) * 1_000);

/** The same for milliseconds since 1970. */
export const momentMs = (ms: number): string => (ms === 0 ? 'never' : new Date(ms).toLocaleString('en-GB'));
