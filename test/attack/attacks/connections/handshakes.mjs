import { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';

const STALLED = 300;

/** The bytes of a ClientHello of this Node. */
function clientHello() {
  return new Promise((resolve) => {
    const transport = new Duplex({
      read() {},
      write(bytes, _encoding, done) {
        done();
        resolve(bytes);
      },
    });
    tlsConnect({ socket: transport }).on('error', () => {});
  });
}

/** On listeners without TLS, noise. */
export default {
  sends:
    'a ClientHello that is reset after each of its bytes, handshakes that stop half-way, and handshakes without end',
  mustNot: 'end the process, or keep sockets',
  overTls: true,
  shortOverTls: true,
  seconds: 6,
  async run(context) {
    const hello = await clientHello();
    const step = Math.ceil(hello.length / context.times(hello.length));
    await context.many(Math.floor(hello.length / step), 16, async (at) => {
      const line = await context.open(at % 2 === 0 ? 'http' : 'grpc', { plain: true });
      if (line === undefined) return;
      context.sent += 1;
      await line.send(hello.subarray(0, 1 + at * step));
      if (at % 2 === 0) await context.pause(2);
      line.reset();
    });
    await context.many(context.times(STALLED), 32, async (at) => {
      const line = await context.open(at % 2 === 0 ? 'http' : 'grpc', { plain: true });
      if (line === undefined) return;
      context.sent += 1;
      await line.send(at % 3 === 0 ? hello : hello.subarray(0, hello.length / 2));
    });
    await context.again(4, async (at) => {
      const line = await context.open(at % 2 === 0 ? 'http' : 'grpc', { plain: !context.tls });
      if (line === undefined) return context.pause(20);
      context.sent += 1;
      line.reset();
    });
  },
};
