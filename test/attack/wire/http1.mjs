/** HTTP/1.1 by hand: what a client library would refuse to send goes out as well. */

/** The bytes of a request. `body` adds its content-length, unless the headers have one or say how it is sent. */
export function request({ method = 'GET', path = '/healthz', headers = {}, key, body, host = 'vectron' }) {
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`];
  if (key !== undefined) lines.push(`authorization: Bearer ${key}`);
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(asText(body));
  const named = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  if (bytes !== undefined && !named.has('content-type')) lines.push('content-type: application/json');
  if (bytes !== undefined && !named.has('content-length') && !named.has('transfer-encoding')) {
    lines.push(`content-length: ${bytes.length}`);
  }
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return bytes === undefined ? head : Buffer.concat([head, bytes]);
}

const asText = (body) => (typeof body === 'string' ? body : JSON.stringify(body));

/** One chunk of a chunked body. */
export function chunk(data) {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

export const STATUS = /HTTP\/1\.[01] (\d{3})/;

/** The request that opens a WebSocket. */
export function upgrade({ path, key, headers = {} }) {
  const own = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  return request({ path, key, headers: { ...own, ...headers } });
}
