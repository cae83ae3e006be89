import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const own = dirname(fileURLToPath(import.meta.url));
const consoleDir = join(own, '../../../../console/dist');

/** In the npm package `vectron` a copy, in a checkout npm's; by path, because importing it would load the whole browser bundle. */
const copiedSwagger = join(own, '../../../../../vendor/swagger-ui-dist');
const swaggerDir = existsSync(copiedSwagger)
  ? copiedSwagger
  : dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const REFERENCE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Vectron API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head>
<body><div id="ui"></div><script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>`;
/** Calls go to the server that the page came from. */
const REFERENCE_SCRIPT = `fetch('/openapi.json').then((answer) => answer.json()).then((spec) =>
  SwaggerUIBundle({ spec: { ...spec, servers: [{ url: location.origin }] }, dom_id: '#ui', deepLinking: true }));`;

/** A year, the longest that caches heed. */
const ASSETS_SECONDS = 31_536_000;

/** `/console` (when it is built), `/openapi.json`, `/docs`, and the security headers of every answer. */
export async function serveStaticPages(fastify: FastifyInstance, secure: boolean): Promise<void> {
  fastify.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (secure) reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
    reply.header('x-content-type-options', 'nosniff');
    reply.header('x-frame-options', 'DENY');
    reply.header('referrer-policy', 'no-referrer');
    reply.header(
      'content-security-policy',
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
  });
  await fastify.register(fastifyStatic, { root: swaggerDir, prefix: '/docs/assets/', index: false });
  // Large, and asked for seldom: loaded with the first request.
  fastify.get('/openapi.json', async (_request, reply) => {
    const { OPENAPI_JSON } = await import('./generated/openapi.js');
    return reply.type('application/json; charset=utf-8').send(OPENAPI_JSON);
  });
  fastify.get('/docs', (_request, reply) => reply.type('text/html').send(REFERENCE));
  fastify.get('/docs/start.js', (_request, reply) => reply.type('text/javascript').send(REFERENCE_SCRIPT));
  if (!existsSync(join(consoleDir, 'index.html'))) return;
  const page = readFileSync(join(consoleDir, 'index.html'));
  // A name of an asset has the hash of its bytes, so that what it names never changes; FILE.br and FILE.gz are made by the
  // build, and sent to whoever takes them.
  await fastify.register(fastifyStatic, {
    root: join(consoleDir, 'assets'),
    prefix: '/console/assets/',
    decorateReply: false,
    index: false,
    preCompressed: true,
    immutable: true,
    maxAge: ASSETS_SECONDS * 1_000,
  });
  // The console routes in the browser: every path below it is its page, which names the assets of this version.
  for (const path of ['/console', '/console/*']) {
    fastify.get(path, (_request, reply) => reply.header('cache-control', 'no-cache').type('text/html').send(page));
  }
  fastify.get('/', (_request, reply) => reply.redirect('/console'));
}
