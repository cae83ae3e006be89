const FIELDS = 100_000;
const ROUNDS = 10;

export default {
  sends: 'heads of 100,000 fields, of one field of megabytes, of equal fields, and tokens of every length',
  mustNot: 'be kept or compared at length',
  seconds: 4,
  async run(context) {
    const count = context.times(FIELDS);
    const many = Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'y']));
    const some = Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`x-${at}`, 'y']));
    const heads = [
      many,
      some,
      { 'x-long': 'y'.repeat(context.times(8 << 20)) },
      { authorization: `Bearer ${'y'.repeat(15_000)}` },
      { authorization: `Bearer ${'a.'.repeat(7_000)}` },
      { 'x-api-key': `vk_${'y'.repeat(15_000)}` },
      { cookie: 'a=b; '.repeat(3_000) },
      { 'x-forwarded-for': '127.0.0.9, '.repeat(1_200) },
      { accept: '*/*, '.repeat(3_000), 'accept-encoding': 'gzip;q=0.1, '.repeat(1_000) },
      { range: `bytes=${'0-1,'.repeat(3_500)}` },
      { 'if-none-match': '"x", '.repeat(3_000) },
    ];
    const paths = ['/healthz', '/v1/collections', '/'];
    await context.many(ROUNDS * heads.length, 8, (at) =>
      context.ask({ path: paths[at % paths.length], headers: heads[at % heads.length] }, { waitMs: 2_000 }),
    );
  },
};
