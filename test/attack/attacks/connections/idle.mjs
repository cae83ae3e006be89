const CONNECTIONS = 5_000;

export default {
  sends: '5,000 connections to each listener that say nothing',
  mustNot: 'keep others from connecting',
  overTls: true,
  seconds: 8,
  most: { memory: 512 << 20 },
  async run(context) {
    await context.many(context.times(CONNECTIONS) * 2, 100, async (at) => {
      const line = await context.open(at % 2 === 0 ? 'http' : 'grpc', { plain: true });
      if (line !== undefined) context.sent += 1;
    });
    await context.hold();
  },
};
