/** `count` ranges of equal size over the 64-bit hash space, in order; `last` is included. */
export function splitHashSpace(count: number): { first: bigint; last: bigint }[] {
  const size = 1n << 64n;
  const bound = (at: number) => (size * BigInt(at)) / BigInt(count);
  return Array.from({ length: count }, (_, at) => ({ first: bound(at), last: bound(at + 1) - 1n }));
}
