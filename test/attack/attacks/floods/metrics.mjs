export default {
  sends: 'scrapes of the metrics with a key that may, as fast as they are answered',
  mustNot: 'keep others from working',
  seconds: 5,
  metricsKey: true,
  async run(context) {
    const { metricsKey: key } = context.account;
    await context.again(16, (at) => context.ask({ path: at % 4 === 3 ? '/v1/system/health' : '/metrics', key }));
  },
};
