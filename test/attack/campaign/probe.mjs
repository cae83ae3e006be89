import { randomUUID } from 'node:crypto';
import { Http2Reader, PREFACE, settings } from '../wire/http2.mjs';
import { Line } from '../wire/line.mjs';
import { rest } from './rest.mjs';

/**
 * What is refused to clients that come after an attack, in words: to the administrator and a user, and connections from the
 * addresses that the attack came from, which has ended.
 */
export async function refusedAfterwards(home, { key }, addresses, timeoutMs) {
  const at = { ...home.http, authority: home.authority };
  const { email, password } = home.admin;
  const name = `after-${randomUUID()}`;
  const points = `/v1/collections/${name}/points`;
  const calls = [
    ...addresses.map((from) => ['GET', '/healthz', { from }]),
    ['GET', '/readyz', {}],
    ['POST', '/v1/users/login', { body: { email, password } }],
    ['POST', '/v1/collections', { key, body: { name, dimension: 2, shards: 1 } }],
    ['POST', points, { key, body: { points: [{ id: 'p', vector: [1, 2] }] } }],
    ['POST', `${points}/search`, { key, body: { vector: [1, 2] } }],
    ['DELETE', `/v1/collections/${name}`, { key }],
  ];
  const refused = [];
  for (const [method, path, options] of calls) {
    const what = `afterwards ${method} ${path}${options.from ? ` from ${options.from}` : ''}`;
    try {
      const { status, body } = await rest(at, method, path, { ...options, timeoutMs });
      if (status !== 200) refused.push(`${what}: ${status} ${JSON.stringify(body).slice(0, 200)}`);
    } catch (error) {
      refused.push(`${what}: ${error.message}`);
    }
  }
  for (const from of addresses) {
    if (!(await speaksHttp2(home, from, timeoutMs))) refused.push(`afterwards there is no HTTP/2 for ${from}`);
  }
  return refused;
}

async function speaksHttp2({ grpc, authority }, from, timeoutMs) {
  const line = await Line.open({ ...grpc, from, authority, protocols: ['h2'] });
  if (line === undefined) return false;
  const reader = new Http2Reader(line);
  await line.send(Buffer.concat([PREFACE, settings()]));
  for (
    const end = performance.now() + timeoutMs;
    performance.now() < end && !line.closed && !reader.frames.settings;
  ) {
    await line.until(/^x/, 20);
  }
  line.close();
  return reader.frames.settings > 0;
}
