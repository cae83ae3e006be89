import { SEARCH, searchRequest } from '../../wire/grpc.mjs';
import { PREFACE, settings } from '../../wire/http2.mjs';

export default {
  sends: 'a search over gRPC whose connection is reset after each of its bytes',
  mustNot: 'end the process, or keep the room of a request',
  overTls: true,
  account: { points: 100 },
  async run(context) {
    const search = searchRequest(context.account.collection, [1, 2, 3, 4, 5, 6, 7, 8]);
    const bytes = Buffer.concat([PREFACE, settings(), context.call(SEARCH, search)]);
    const step = Math.ceil(bytes.length / context.times(bytes.length));
    await context.many(Math.floor(bytes.length / step), 16, async (at) => {
      const line = await context.open('grpc');
      if (line === undefined) return;
      context.sent += 1;
      await line.send(bytes.subarray(0, 1 + at * step));
      if (at % 2 === 0) await context.pause(2);
      line.reset();
    });
  },
};
