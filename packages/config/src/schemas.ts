import { isIPv4 } from 'node:net';
import { z } from 'zod';

/** `HOST:PORT`; an IPv6 host in brackets; port 0 asks for a free one. */
export const listenAddress = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:]+):\d{1,5}$/, 'must be HOST:PORT')
  .transform((value) => {
    const at = value.lastIndexOf(':');
    return { host: value.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(value.slice(at + 1)) };
  })
  .refine(({ port }) => port <= 65_535, 'the port must be at most 65535');

export type ListenAddress = z.output<typeof listenAddress>;

/** As `listenAddress`, or `unix:PATH`: a socket that only this user reaches; its host is the whole of it. */
export const internalAddress = z.union([
  z
    .string()
    .regex(/^unix:.+$/, 'must be HOST:PORT or unix:PATH')
    .transform((host): ListenAddress => ({ host, port: 0 })),
  listenAddress,
]);

/** One or more addresses, with commas between them. */
export const addressList = z
  .string()
  .min(1, 'must not be empty')
  .transform((value) =>
    value
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  )
  .refine((list) => list.length > 0, 'must name an address');

/** One or more names, with commas between them. */
export const nameList = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  )
  .refine((list) => list.length > 0, 'must have a name');

/** An integer within a range. */
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be ${min} to ${max}`);

/** `auto`, or an integer within a range. */
export const autoOr = (min: number, max: number) =>
  z
    .string()
    .regex(/^(auto|\d+)$/, 'must be auto or a whole number')
    .transform((value) => (value === 'auto' ? ('auto' as const) : Number(value)))
    .refine((value) => value === 'auto' || (value >= min && value <= max), `must be auto, or ${min} to ${max}`);

/** A share, 0 to 1. */
export const share = z
  .string()
  .regex(/^(0|1|0?\.\d+|1\.0+)$/, 'must be 0 to 1')
  .transform(Number);

/** A size like `64MiB`, `2GiB` or a number of bytes. */
export const byteSize = z
  .string()
  .regex(/^\d+(KiB|MiB|GiB)?$/, 'must be a size such as 64MiB')
  .transform((value) => {
    const unit = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[value.slice(-3)] ?? 1;
    return Number.parseInt(value, 10) * unit;
  });

/** As `byteSize`, within a range. */
export const byteSizeWithin = (min: number, max: number) =>
  byteSize.refine((value) => value >= min && value <= max, `must be ${min} to ${max} bytes`);

/** `true` or `false`; a bare flag is `true`. */
export const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

/** One of a few words. */
export const oneOf = <const W extends string>(words: readonly [W, ...W[]]) =>
  z.enum(words, `must be one of ${words.join(', ')}`);

export const text = z.string().min(1, 'must not be empty');
/** A label, or nothing. */
export const placeName = z.string().regex(/^[A-Za-z0-9._-]{0,64}$/, 'must be at most 64 letters, digits, dots, dashes');
export const optionalText = z.string().optional();
export const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']);

/** Whether only this machine can reach the address. A name such as `127.example` is not one, whatever it resolves to. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host === '::1' || host.startsWith('unix:') || (isIPv4(host) && host.startsWith('127.'))
  );
}
