const BYTES = 24 << 20;

export default {
  sends:
    'upserts of tens of megabytes, of thousands of points, of payloads of megabytes, many at once; updates of everything',
  mustNot: 'keep other tenants from writing, or take memory without bound',
  seconds: 8,
  account: { points: 2_000 },
  // What was written is in RocksDB's memtables and block cache, whose sizes are settings (--write-buffer, --cache).
  most: { disk: 2 * 2 ** 30, memory: 1_536 << 20, kept: 384 << 20 },
  async run(context) {
    const { key, collection } = context.account;
    const points = `/v1/collections/${collection}/points`;
    const vector = [1, 2, 3, 4, 5, 6, 7, 8];
    const text = 'x'.repeat(context.times(BYTES));
    const many = Array.from({ length: 10_000 }, (_, at) => ({ id: `p-${at % 1_000}`, vector, payload: { at } }));
    const bodies = [
      [points, JSON.stringify({ points: [{ id: 'p-0', vector, payload: { text } }] })],
      [points, JSON.stringify({ points: many })],
      [`${points}/update`, JSON.stringify({ filter: { field: 'number', gte: 0 }, set: { touched: true } })],
      [points, JSON.stringify({ points: [{ id: 'p-1', vector, payload: { list: Array(200_000).fill(0) } }] })],
    ];
    await context.again(12, async (at) => {
      const [path, body] = bodies[at % bodies.length];
      await context.ask({ method: 'POST', path, key, body }, { waitMs: 10_000 });
    });
    await context.ask({ method: 'DELETE', path: `/v1/collections/${collection}`, key });
  },
};
