const COLLECTIONS = 12;
const SHARDS = 64;
/** An empty shard costs next to nothing: 5,400 open files and 3.2 GB of disk it was. */
const FILES_A_SHARD = 3;
const DISK_A_SHARD = 256 << 10;

export default {
  sends: '12 collections of 64 shards by a free account',
  mustNot: 'take thousands of open files, gigabytes of disk, or the time of other tenants',
  seconds: 20,
  account: {},
  most: { disk: 256 << 20 },
  async run(context) {
    const { key } = context.account;
    const made = [];
    await context.many(context.times(COLLECTIONS), 3, async (at) => {
      const name = `wide-${at}`;
      const body = { name, dimension: 2, shards: SHARDS };
      const status = await context.ask({ method: 'POST', path: '/v1/collections', key, body }, { waitMs: 60_000 });
      if (status === 200) made.push(name);
    });
    context.count('shards made', made.length * SHARDS);
    await context.pause(500);
    for (const name of made)
      await context.ask({ method: 'DELETE', path: `/v1/collections/${name}`, key }, { waitMs: 30_000 });
  },
  judgeAlone({ got, facts: { before, peak, now } }) {
    const shards = got['shards made'] ?? 0;
    const found = [];
    const files = peak.files - before.files - 100;
    if (files > shards * FILES_A_SHARD) found.push(`${shards} empty shards took ${files} open files`);
    const disk = now.disk - before.disk - (16 << 20);
    if (disk > shards * DISK_A_SHARD)
      found.push(`${shards} deleted shards left ${Math.round(disk / 2 ** 20)} MiB on disk`);
    return found;
  },
};
