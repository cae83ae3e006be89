import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';

const UNPACKED = 256 << 20;
const AT_ONCE = 8;

export default {
  sends: 'bodies of kilobytes that unpack to 256 MiB: gzip, deflate, br, and gzip within gzip',
  mustNot: 'take the memory, or the time to unpack it',
  seconds: 8,
  account: { points: 100 },
  // Bodies as long as a write may be are unpacked, two at a time. What glibc got for buffers of this size it does not give back,
  // and gives out again: more bombs add nothing, which bombs.test.ts in test/security sees.
  most: { kept: 128 << 20 },
  async run(context) {
    const { key, collection } = context.account;
    const spaces = Buffer.alloc(context.times(UNPACKED), ' ');
    const gzip = gzipSync(spaces);
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
    const bodies = [
      ['gzip', gzip],
      ['deflate', deflateSync(spaces)],
      ['br', brotliCompressSync(spaces, quality)],
      ['gzip, gzip', gzipSync(gzip)],
      ['gzip', gzip.subarray(0, gzip.length / 2)],
      ['gzip', Buffer.concat([gzip, gzip, gzip])],
      ['br', gzip],
    ];
    const routes = [
      { path: '/v1/users/login' },
      { path: '/v1/auth/refresh' },
      { path: '/v1/nowhere' },
      { path: `/v1/collections/${collection}/points`, key },
      { path: `/v1/collections/${collection}/points/search`, key },
    ];
    const all = routes.flatMap((route) => bodies.map(([encoding, body]) => ({ ...route, encoding, body })));
    await context.many(all.length, AT_ONCE, (at) => {
      const { encoding, ...request } = all[at];
      return context.ask({ method: 'POST', ...request, headers: { 'content-encoding': encoding } }, { waitMs: 15_000 });
    });
  },
};
