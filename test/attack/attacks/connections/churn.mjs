export default {
  sends: 'connections that are closed or reset as soon as they are open, as fast as they can be made',
  mustNot: 'keep others from connecting, or leave sockets behind',
  overTls: true,
  seconds: 4,
  async run(context) {
    await context.again(32, async (at) => {
      const line = await context.open(at % 2 === 0 ? 'http' : 'grpc', { plain: true });
      if (line === undefined) return context.pause(20);
      context.sent += 1;
      if (at % 3 === 0) line.reset();
      else line.close();
    });
  },
};
