import { upgrade } from '../../wire/http1.mjs';
import { frame, OP } from '../../wire/websocket.mjs';

const UPGRADES = 400;

/** Where the connection is reset: after so much of the request, or after an answer. */
export default {
  sends:
    '400 upgrades whose connection is reset: before the head, within it, behind it, at the answer, behind a message',
  mustNot: 'end the process, or keep sockets',
  overTls: true,
  shortOverTls: true,
  account: { points: 100 },
  async run(context) {
    const { key, collection } = context.account;
    const path = `/v1/collections/${collection}/points/search/stream`;
    const search = frame(OP.text, JSON.stringify({ vector: [1, 2, 3, 4, 5, 6, 7, 8] }));
    const requests = [
      upgrade({ path }),
      upgrade({ path, key }),
      upgrade({ path: '/nowhere', key }),
      upgrade({ path, key, headers: { upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA' } }),
      upgrade({ path: '/v1/collections/%ff/points/search/stream', key }),
    ];
    const phases = [
      async () => {},
      (line, head) => line.send(head.subarray(0, Math.floor(context.random() * head.length))),
      (line, head) => line.send(head),
      (line, head) => line.send(Buffer.concat([head, search])),
      async (line, head) => {
        await line.send(head);
        await context.answer(line, 500);
      },
      async (line, head) => {
        await line.send(head);
        if ((await context.answer(line, 500)) !== 101) return;
        await line.send(search);
        await line.send(search.subarray(0, 9));
      },
    ];
    // No upgrade is one in a row: HTTP/1 to the gRPC listener, too.
    const work = async (at) => {
      const line = await context.open(at % 8 === 7 ? 'grpc' : 'http');
      if (line === undefined) return;
      context.sent += 1;
      await phases[at % phases.length](line, requests[Math.floor(context.random() * requests.length)]);
      line.reset();
    };
    await context.many(context.times(UPGRADES), 16, work);
  },
};
