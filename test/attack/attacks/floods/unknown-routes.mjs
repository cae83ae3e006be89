export default {
  sends: 'paths, methods and parameters that nobody has asked for before, each once',
  mustNot: 'leave a series of metrics, an entry of a cache or a line behind for each',
  seconds: 5,
  account: { points: 100 },
  most: { log: 64 << 10, disk: 24 << 20 },
  async run(context) {
    const { key } = context.account;
    const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'];
    await context.again(16, async (at) => {
      const name = `n${at}-${Math.floor(context.random() * 1e12).toString(36)}`;
      const paths = [`/${name}`, `/v1/${name}`, `/v1/collections/${name}/points/search`, `/v1/collections/${name}`];
      await context.ask({
        method: methods[at % methods.length],
        path: paths[at % paths.length],
        key: at % 2 ? key : undefined,
      });
    });
  },
};
