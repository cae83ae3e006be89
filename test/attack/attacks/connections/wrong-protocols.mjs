import { PREFACE, settings } from '../../wire/http2.mjs';

const ROUNDS = 40;

export default {
  sends: 'what belongs to another protocol: HTTP/2 to REST, HTTP/1 to gRPC, TLS to plain listeners, SSH, PROXY, noise',
  mustNot: 'end the process, fill the log, or keep sockets',
  overTls: true,
  async run(context) {
    const noise = Buffer.from(Array.from({ length: 4_096 }, () => Math.floor(context.random() * 256)));
    const greetings = [
      Buffer.concat([PREFACE, settings()]),
      Buffer.from('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'),
      Buffer.from('GET /healthz\r\n'),
      Buffer.from('GET / HTTP/9.9\r\n\r\n'),
      Buffer.from('SSH-2.0-OpenSSH_9.9\r\n'),
      Buffer.from('PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /healthz HTTP/1.1\r\n\r\n'),
      Buffer.from('160301020001000001fc0303', 'hex'),
      noise,
      Buffer.alloc(65_536),
      Buffer.from('\r\n'.repeat(5_000)),
    ];
    await context.many(context.times(ROUNDS) * greetings.length * 2, 16, async (at) => {
      const line = await context.open(at % 2 === 0 ? 'http' : 'grpc', { plain: at % 4 < 2 });
      if (line === undefined) return;
      context.sent += 1;
      await line.send(greetings[Math.floor(at / 2) % greetings.length]);
      await Promise.race([line.gone, context.pause(50)]);
      context.count(line.closed ? 'cut off' : 'kept');
      if (at % 2 === 0) line.reset();
      else line.close();
    });
  },
};
