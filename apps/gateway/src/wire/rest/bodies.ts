import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import { toVectronError, VectronError } from '@vectron/errors';
import { fieldAt, parseJson, textOf } from '@vectron/model';
import { type Encoding, Unpacking } from '@vectron/rpc';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { addressOfRequest } from '../../edge/client-address.js';
import type { AuthenticatedRequest } from './rest-context.js';

/** Smaller answers cost more to compress than to send. */
const COMPRESS_BYTES = 32 << 10;
/** Quality of brotli; gzip has its own scale. Higher ones cost many times as much for a few percent. */
const QUALITY = 4;
const ENCODINGS = ['br', 'gzip', 'deflate'] as const;
const JSON_TYPE = /^\s*(?:application|text)\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/**
 * What bodies may be: JSON, compressed or not, up to the limit of the route, packed and unpacked. A body without a content
 * type is taken as JSON; another type is refused with a hint. Keys such as `__proto__` stay plain data here; the check of
 * payloads refuses them by name.
 */
export async function acceptBodies(fastify: FastifyInstance): Promise<void> {
  await fastify.register(compress as never, {
    threshold: COMPRESS_BYTES,
    encodings: [...ENCODINGS],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } },
    zlibOptions: { level: constants.Z_BEST_SPEED },
    // A stream that unpacks for each request would give a flood of small bodies room for as many large ones.
    globalDecompression: false,
  });
  const unpacking = new Unpacking();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: AuthenticatedRequest, body: Buffer) => {
    const type = request.headers['content-type'];
    if (type !== undefined && !JSON_TYPE.test(type) && body.length > 0) {
      const message = `bodies are JSON: send the header content-type: application/json, not ${type}`;
      throw new VectronError('UNSUPPORTED_MEDIA_TYPE', message);
    }
    if (body.length === 0) return undefined;
    const encoding = encodingOf(request);
    const plain = encoding === undefined ? body : await unpacked(request, body, encoding);
    request.bodyBytes = plain.length;
    const text = textOf(plain, 'body');
    const message = request.routeOptions.config.contract?.request;
    return parseJson(text, 'body', (path) => {
      return message === undefined || typeof path[0] === 'number' ? '' : `.${fieldAt(message, path)}`;
    });

    async function unpacked({ principal, routeOptions, raw }: AuthenticatedRequest, bytes: Buffer, packed: Encoding) {
      const owner = principal?.tenantId ?? addressOfRequest(request);
      const isGone = () => raw.socket.destroyed;
      try {
        return await unpacking.unpack({ owner, bytes, encoding: packed, maxBytes: routeOptions.bodyLimit, isGone });
      } catch (cause) {
        const { code } = toVectronError(cause);
        if (code !== 'INVALID_ARGUMENT') throw cause;
        const message = `the body is not valid ${packed}, which its content-encoding says it is`;
        throw VectronError.invalid('body', message);
      }
    }
  });
}

/** What a body is packed with; undefined: it is as it is. */
function encodingOf({ headers }: FastifyRequest): Encoding | undefined {
  const name = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return undefined;
  const known = ENCODINGS.find((one) => one === name);
  if (known !== undefined) return known;
  throw new VectronError(
    'UNSUPPORTED_MEDIA_TYPE',
    `content-encoding ${name} is not supported: use ${ENCODINGS.join(', ')}, or send the body uncompressed`,
  );
}
