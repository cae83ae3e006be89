import type { FastifyInstance } from 'fastify';

/** A request that no listener takes part in: whatever address, certificate or proxy is in front of it. */
export async function fetchInProcess(fastify: FastifyInstance, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const answer = await fastify.inject({
    method: request.method as 'GET',
    url: pathname + search,
    headers: Object.fromEntries(request.headers),
    payload: request.body === null ? undefined : Buffer.from(await request.arrayBuffer()),
  });
  const headers = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const bodiless = answer.rawPayload.length === 0 ? null : new Uint8Array(answer.rawPayload);
  return new Response(bodiless, { status: answer.statusCode, headers });
}
