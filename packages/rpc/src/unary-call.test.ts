import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { createLogger } from '@vectron/observability';
import { Arrivals } from './arrivals.js';
import type { CallContext } from './call-context.js';
import { type GrpcHandler, GrpcServer } from './server.js';

const PATH = '/test.Echo/Say';
const SAY = {
  path: PATH,
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serving(handler: GrpcHandler): Promise<ClientHttp2Session> {
  const server = new GrpcServer({
    host: '127.0.0.1',
    port: 0,
    services: { 'test.Echo': { say: SAY } },
    handlerOf: () => handler,
    authorize: () => 'ann',
    requestIds: true,
    // However slowly a message comes.
    arrivals: new Arrivals({ minBytesPerSecond: 0, maxBytes: 0 }),
    logger: createLogger('test', 'fatal'),
    maxMessageBytes: 1 << 10,
    closeMs: 0,
  });
  await new Promise<void>((resolve, reject) => server.listen((error) => (error ? reject(error) : resolve())));
  const session = connect(`http://${server.address}`);
  cleanups.push(
    () => server.close(),
    () => session.destroy(),
  );
  return session;
}

function calling(session: ClientHttp2Session, more: Record<string, string> = {}): ClientHttp2Stream {
  const headers = { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers', ...more };
  return session.request(headers).on('error', () => {});
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function answered(stream: ClientHttp2Stream): Promise<Answer> {
  const chunks: Buffer[] = [];
  let trailers: IncomingHttpHeaders = {};
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('trailers', (given: IncomingHttpHeaders) => {
    trailers = given;
  });
  const headers = once(stream, 'response');
  await once(stream, 'end');
  return { headers: (await headers)[0] as IncomingHttpHeaders, trailers, body: Buffer.concat(chunks) };
}

function message(bytes: Buffer | string, compressed = 0): Buffer {
  const prefix = Buffer.from([compressed, 0, 0, 0, 0]);
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, Buffer.from(bytes)]);
}

const echo = async (text: string) => `you said ${text}`;
const ID = /^[0-9a-f-]{36}$/;

describe('a unary call', () => {
  it('is answered with a message, its status and the id of the call', async () => {
    const stream = calling(await serving(echo as GrpcHandler));
    stream.end(message('hello'));
    const { headers, trailers, body } = await answered(stream);
    expect(body).toEqual(message('you said hello'));
    expect(headers).toMatchObject({ ':status': 200, 'content-type': 'application/grpc+proto' });
    expect(headers['x-request-id']).toMatch(ID);
    expect(trailers['grpc-status']).toBe('0');
  });

  it('may come in pieces, and be empty', async () => {
    const session = await serving(echo as GrpcHandler);
    const stream = calling(session);
    for (const byte of message('bytes')) {
      stream.write(Buffer.from([byte]));
      // A round trip: the next byte is not in the same packet.
      await new Promise<void>((resolve) => session.ping(() => resolve()));
    }
    stream.end();
    expect((await answered(stream)).body).toEqual(message('you said bytes'));
    const empty = calling(session);
    empty.end(message(''));
    expect((await answered(empty)).body).toEqual(message('you said '));
  });

  it.each([
    ['none', Buffer.alloc(0)],
    ['a part of a prefix', Buffer.from([0, 0, 0])],
    ['a part of one', message('hello').subarray(0, 8)],
    ['two', Buffer.concat([message('one'), message('two')])],
    ['one and a byte', Buffer.concat([message('one'), Buffer.alloc(1)])],
  ])('with %s instead of a message is UNIMPLEMENTED', async (_what, bytes) => {
    let ran = false;
    const stream = calling(
      await serving((async () => {
        ran = true;
        return '';
      }) as GrpcHandler),
    );
    stream.end(bytes);
    const { headers, trailers } = await answered(stream);
    expect({ ...headers, ...trailers }['grpc-status']).toBe('12');
    expect(ran).toBe(false);
  });

  it('that is too large is refused in words of its own', async () => {
    const stream = calling(await serving(echo as GrpcHandler));
    stream.end(message('x'.repeat(2 << 10)));
    const { headers } = await answered(stream);
    expect(headers['grpc-status']).toBe('8');
    expect(headers['grpc-message']).toContain('at%20most%201024%20bytes');
  });

  it('fails with a code, a text of any characters and the id of the call', async () => {
    const stream = calling(
      await serving((async () => {
        throw VectronError.invalid('text', 'größer \ud800 than it may be');
      }) as GrpcHandler),
    );
    stream.end(message('hello'));
    // In one frame: a client has all of it in the metadata of its error.
    const { headers } = await answered(stream);
    expect(headers['x-request-id']).toMatch(ID);
    expect(headers['grpc-status']).toBe('3');
    expect(decodeURIComponent(String(headers['grpc-message']))).toBe('größer \ufffd than it may be');
    expect(headers['grpc-status-details-bin']).toBeDefined();
  });

  it('fails when its answer cannot be encoded', async () => {
    const stream = calling(await serving((async () => undefined) as GrpcHandler));
    stream.end(message('hello'));
    expect((await answered(stream)).headers['grpc-status']).toBe('13');
  });

  it('that is compressed is understood as well', async () => {
    const session = await serving(echo as GrpcHandler);
    const stream = calling(session, { 'grpc-encoding': 'gzip' });
    stream.end(message(gzipSync('hello'), 1));
    const { headers, body } = await answered(stream);
    expect(body).toEqual(message('you said hello'));
    expect(headers['x-request-id']).toMatch(ID);
  });

  it('whose message says that it is compressed, but not how, is INTERNAL and is not run', async () => {
    let ran = false;
    const session = await serving((async () => {
      ran = true;
      return '';
    }) as GrpcHandler);
    for (const encoding of [{}, { 'grpc-encoding': 'identity' }]) {
      const stream = calling(session, encoding as Record<string, string>);
      stream.end(message(gzipSync('hello'), 1));
      const { headers, trailers } = await answered(stream);
      expect({ ...headers, ...trailers }['grpc-status']).toBe('13');
    }
    expect(ran).toBe(false);
  });

  it('that is no gRPC is refused', async () => {
    const stream = calling(await serving(echo as GrpcHandler), { 'content-type': 'application/json' });
    stream.end(message('hello'));
    expect((await answered(stream)).headers[':status']).toBe(415);
  });

  it('ends at its deadline, and its work is told', async () => {
    const { context, handler } = waiting();
    const stream = calling(await serving(handler), { 'grpc-timeout': '50m' });
    stream.end(message('hello'));
    const { headers } = await answered(stream);
    expect(headers['grpc-status']).toBe('4');
    const { signal, deadlineMs } = await context;
    expect(signal?.aborted).toBe(true);
    expect(Number.isFinite(deadlineMs)).toBe(true);
  });

  it('is closed when its deadline has come before its message, and its client sends no more of it', async () => {
    const stream = calling(await serving(echo as GrpcHandler), { 'grpc-timeout': '50m' });
    stream.write(message('x'.repeat(100)).subarray(0, 50));
    const closed = once(stream, 'close');
    expect((await answered(stream)).headers['grpc-status']).toBe('4');
    await closed;
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it('goes on when many others of its connection were given up, and the client is asked to take another connection', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const session = await serving((async (text: string) => {
      if (text === 'stay') await released;
      return text;
    }) as GrpcHandler);
    const goaway = new Promise<number>((resolve) => session.once('goaway', resolve));
    const stays = calling(session);
    stays.end(message('stay'));
    const closed = () => session.closed || session.destroyed;
    for (let given = 0; given < 1_500 && !closed(); given += 1) {
      const one = calling(session);
      one.on('error', () => {});
      one.end(message('go'));
      one.close(constants.NGHTTP2_CANCEL);
      if (!one.destroyed) await once(one, 'close');
    }
    expect(await goaway).toBe(constants.NGHTTP2_NO_ERROR);
    release();
    expect((await answered(stays)).body).toEqual(message('stay'));
  });

  it('whose caller goes is told to its work', async () => {
    const { context, handler } = waiting();
    const stream = calling(await serving(handler));
    stream.end(message('hello'));
    const { signal } = await context;
    expect(signal?.aborted).toBe(false);
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', resolve));
    stream.close(8);
    await aborted;
  });

  it('has its metadata without what belongs to the protocol', async () => {
    const stream = calling(
      await serving((async (_text: string, { metadata }: CallContext) =>
        JSON.stringify(metadata.toJSON())) as GrpcHandler),
      { 'x-own': 'mine', 'grpc-timeout': '10S' },
    );
    stream.end(message('hello'));
    const { body } = await answered(stream);
    expect(JSON.parse(body.subarray(5).toString())).toEqual({ 'x-own': ['mine'] });
  });
});

/** A handler that waits for ever, and the context that it was called with. */
function waiting(): { context: Promise<CallContext>; handler: GrpcHandler } {
  let called = (_context: CallContext) => {};
  const context = new Promise<CallContext>((resolve) => {
    called = resolve;
  });
  const handler = ((_text: string, given: CallContext) => {
    // Made when somebody asks for it.
    void given.signal;
    called(given);
    return new Promise(() => {});
  }) as GrpcHandler;
  return { context, handler };
}
