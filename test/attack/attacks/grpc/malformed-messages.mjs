import { LOGIN, SEARCH, UPSERT } from '../../wire/grpc.mjs';

const ROUNDS = 300;
const BYTES = 2_000;

export default {
  sends: 'messages of noise, of nested groups, of lengths that lie, of a million fields, and deadlines of every kind',
  mustNot: 'end the process or hold it up',
  seconds: 4,
  account: { points: 100 },
  async run(context) {
    const noise = () => Buffer.from(Array.from({ length: BYTES }, () => Math.floor(context.random() * 256)));
    const bodies = [
      noise,
      () => Buffer.alloc(10_000, 0x0b),
      () => Buffer.from('0affffffffff0f', 'hex'),
      () => Buffer.alloc(context.times(1_000_000), Buffer.from([0x7a, 0x00])),
      () => Buffer.alloc(BYTES, 0xff),
      () => Buffer.alloc(0),
    ];
    const timeouts = ['1n', '0S', '99999999H', '-1S', 'soon', ''];
    await context.many(context.times(ROUNDS), 8, async (at) => {
      const connection = await context.openHttp2();
      if (connection === undefined) return;
      context.sent += 1;
      const more = { 'grpc-timeout': timeouts[at % timeouts.length] };
      const key = at % 3 === 0 ? undefined : context.account.key;
      const path = [UPSERT, SEARCH, LOGIN][at % 3];
      const body = bodies[Math.floor(context.random() * bodies.length)]();
      await connection.line.send(context.call(path, body.subarray(0, 16_000), { key, more }));
      await Promise.race([connection.line.gone, context.pause(20)]);
      context.countFrames(connection);
      connection.line.close();
    });
  },
};
