import { callHeaders, SEARCH } from '../../wire/grpc.mjs';
import {
  data,
  FRAME,
  frame,
  goaway,
  headers,
  PREFACE,
  ping,
  reset,
  settings,
  windowUpdate,
} from '../../wire/http2.mjs';

const ROUNDS = 40;

export default {
  sends:
    'frames that break the protocol: wrong sizes, streams and orders, GOAWAY and what goes on after it, half a preface',
  mustNot: 'end the process, fill the log, or keep sockets',
  overTls: true,
  seconds: 4,
  async run(context) {
    const call = callHeaders(SEARCH);
    const bytes = (count) => Buffer.alloc(count);
    const broken = [
      frame(FRAME.settings, 0, 0, bytes(5)),
      frame(FRAME.settings, 1, 0, bytes(6)),
      frame(FRAME.settings, 0, 1, bytes(6)),
      settings({ initialWindow: 0xffffffff }),
      settings({ maxFrame: 1 }),
      settings({ push: 7 }),
      frame(FRAME.ping, 0, 0, bytes(7)),
      frame(FRAME.ping, 0, 3, bytes(8)),
      frame(FRAME.reset, 0, 0, bytes(4)),
      reset(5),
      frame(FRAME.window, 0, 0, bytes(3)),
      windowUpdate(0, 0),
      Buffer.concat([windowUpdate(0, 0x7fffffff), windowUpdate(0, 0x7fffffff)]),
      headers(0, call),
      headers(2, call),
      Buffer.concat([headers(5, call), headers(3, call)]),
      Buffer.concat([headers(1, call, 0), ping()]),
      data(0, bytes(1)),
      data(7, bytes(10)),
      data(1, Buffer.from([255, 0]), 8),
      frame(FRAME.push, 4, 1, bytes(4)),
      frame(FRAME.continuation, 4, 1, bytes(4)),
      frame(FRAME.data, 0, 1, bytes(20_000)),
      goaway(0x7fffffff, 0),
      Buffer.concat([goaway(), headers(1, call), ...Array.from({ length: 1_000 }, () => goaway())]),
      Buffer.concat([headers(1, call), data(1, bytes(70_000))]),
    ];
    await context.many(context.times(ROUNDS) * broken.length, 8, async (at) => {
      const connection = await context.openHttp2();
      if (connection === undefined) return;
      context.sent += 1;
      await connection.line.send(broken[at % broken.length]);
      await Promise.race([connection.line.gone, context.pause(20)]);
      context.countFrames(connection);
      if (at % 2 === 0) connection.line.reset();
      else connection.line.close();
    });
    await context.many(PREFACE.length, 8, async (at) => {
      const line = await context.open('grpc');
      await line?.send(PREFACE.subarray(0, at));
      line?.reset();
    });
  },
};
