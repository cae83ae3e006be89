import { SEARCH } from '../../wire/grpc.mjs';

const MiB = 1 << 20;

export default {
  sends: 'calls without a token to every kind of route, each with another target, on both wires',
  mustNot: 'fill the disk with audit entries, or the log',
  seconds: 6,
  most: { disk: 16 * MiB, log: 64 << 10 },
  async run(context) {
    const overRest = context.again(8, async (at) => {
      const name = `target-${at}-${'x'.repeat(at % 100)}`;
      const paths = [
        `/v1/collections/${name}/points/${name}`,
        `/v1/keys/${name}`,
        `/v1/admin/users/${name}`,
        '/metrics',
      ];
      await context.ask({ method: at % 2 === 0 ? 'DELETE' : 'GET', path: paths[at % paths.length] });
    });
    let stream = -1;
    const begin = () => {
      stream = -1;
      return Buffer.alloc(0);
    };
    const overGrpc = context.flood(
      1,
      () => {
        stream += 2;
        return context.call(SEARCH, Buffer.alloc(0), { key: '', stream });
      },
      { begin },
    );
    await Promise.all([overRest, overGrpc]);
  },
};
