import { request } from '../../wire/http1.mjs';

const REQUESTS = 5_000;
const CONNECTIONS = 10;

export default {
  sends: 'thousands of requests one behind the other on a connection, answers read late or never',
  mustNot: 'be begun all at once, or have their answers kept',
  overTls: true,
  seconds: 5,
  async run(context) {
    const paths = ['/healthz', '/readyz', '/v1/collections', '/v1/nowhere', '/.well-known/jwks.json'];
    const burst = Buffer.concat(
      Array.from({ length: context.times(REQUESTS) }, (_, at) => request({ path: paths[at % paths.length] })),
    );
    await context.again(CONNECTIONS, async (at) => {
      const line = await context.open('http', { unread: at % 2 === 0 });
      if (line === undefined) return context.pause(50);
      context.sent += context.times(REQUESTS);
      await line.send(burst);
      await Promise.race([line.gone, context.pause(1_000)]);
      context.count('bytes of answers', line.received);
      line.reset();
    });
  },
};
