export default {
  sends: 'calls of methods that nobody serves, each of another name, with a key and without',
  mustNot: 'leave a trace for each name: in metrics, caches, log or audit log',
  seconds: 4,
  account: {},
  most: { log: 64 << 10, disk: 24 << 20 },
  async run(context) {
    let at = 0;
    let stream = -1;
    const begin = () => {
      stream = -1;
      return Buffer.alloc(0);
    };
    const next = () => {
      at += 1;
      stream += 2;
      const key = at % 2 === 0 ? context.account.key : undefined;
      return context.call(`/nobody.serves.S${at}/Method${at}`, Buffer.alloc(0), { key, stream });
    };
    await context.flood(2, next, { begin });
  },
};
