import { upgrade } from '../../wire/http1.mjs';
import { frame, OP } from '../../wire/websocket.mjs';

const ROUNDS = 30;

export default {
  sends:
    'frames that break RFC 6455: no mask, reserved bits and codes, lengths of 2^62, wrong UTF-8, long pings, closes',
  mustNot: 'end the process, fill the log, or keep sockets',
  seconds: 4,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const path = `/v1/collections/${collection}/points/search/stream`;
    const broken = [
      frame(OP.text, '{}', { masked: false }),
      frame(OP.text, '{}', { reserved: 7 }),
      frame(OP.text, '{}', { reserved: 4 }),
      frame(3, '{}'),
      frame(11, '{}'),
      frame(OP.text, '{}', { length: 2 ** 62 }),
      frame(OP.text, '{}', { length: 2 ** 31 }),
      frame(OP.text, Buffer.from([0xff, 0xfe])),
      frame(OP.ping, 'x'.repeat(200)),
      frame(OP.ping, 'x', { last: false }),
      frame(OP.close, 'x'),
      frame(OP.close, Buffer.from([0, 1])),
      frame(OP.continuation, '{}'),
      Buffer.concat([frame(OP.text, '{', { last: false }), frame(OP.text, '}')]),
      frame(OP.binary, Buffer.alloc(100)),
      frame(OP.text, '{"vector":'),
      frame(OP.text, '['.repeat(50_000)),
      frame(OP.text, JSON.stringify({ vector: 'x'.repeat(50_000) })),
      frame(OP.text, `{${Array.from({ length: 50_000 }, (_, at) => `"k${at}":1`).join(',')}}`),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ];
    const extensions = { 'sec-websocket-extensions': 'permessage-deflate; server_max_window_bits=8' };
    const heads = [
      upgrade({ path, key }),
      upgrade({ path, key, headers: extensions }),
      upgrade({ path, key, headers: { 'sec-websocket-protocol': `vectron, ${'x,'.repeat(2_000)}bearer.y` } }),
    ];
    await context.many(context.times(ROUNDS) * broken.length, 8, async (at) => {
      const line = await context.open();
      if (line === undefined) return;
      context.sent += 1;
      await line.send(heads[at % heads.length]);
      await context.answer(line, 2_000);
      await line.send(broken[at % broken.length]);
      await Promise.race([line.gone, context.pause(20)]);
      if (at % 2 === 0) line.reset();
      else line.close();
    });
  },
};
