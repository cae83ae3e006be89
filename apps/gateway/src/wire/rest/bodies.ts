import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import { VectronError } from '@vectron/errors';
import { parseJson } from '@vectron/model';
import type { FastifyInstance } from 'fastify';

/** Smaller answers cost more to compress than to send. */
const COMPRESS_BYTES = 32 << 10;
/** Quality of brotli; gzip has its own scale. Higher ones cost many times as much for a few percent. */
const QUALITY = 4;
const ENCODINGS = ['br', 'gzip', 'deflate'] as const;
const JSON_TYPE = /^\s*(?:application|text)\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/**
 * What bodies may be: JSON, compressed or not, up to the limit of the server when it is unpacked. A body without a content
 * type is taken as JSON; another type is refused with a hint. Keys such as `__proto__` stay plain data here; the check of
 * payloads refuses them by name.
 */
export async function acceptBodies(fastify: FastifyInstance): Promise<void> {
  await fastify.register(compress as never, {
    threshold: COMPRESS_BYTES,
    encodings: [...ENCODINGS],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } },
    zlibOptions: { level: constants.Z_BEST_SPEED },
    requestEncodings: [...ENCODINGS, 'identity'],
    onUnsupportedRequestEncoding: (encoding: string) =>
      new VectronError(
        'UNSUPPORTED_MEDIA_TYPE',
        `content-encoding ${encoding} is not supported: send ${ENCODINGS.join(', ')}, or the body as it is`,
      ),
    // What is returned is assigned to the error of zlib, by its own enumerable properties: an Error would lose its message.
    onInvalidRequestPayload: (encoding: string) => ({
      statusCode: 400,
      message: `the body is not valid ${encoding}, which its content-encoding says it is`,
    }),
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    const type = request.headers['content-type'];
    if (type !== undefined && !JSON_TYPE.test(type) && body !== '') {
      const message = `bodies are JSON: send the header content-type: application/json, not ${type}`;
      done(new VectronError('UNSUPPORTED_MEDIA_TYPE', message), undefined);
      return;
    }
    try {
      done(null, body === '' ? undefined : parseJson(body as string));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
}
