import { flagsOf, onConnections, report, written } from './attacker.mjs';

/**
 * POSTs bodies that are as large as a request may be and cost the most to read:
 *
 *   node test/security/attackers/huge-body.mjs --port 8080 --kind keys --count 1000000 --path /v1/users/login
 *
 * Kinds: keys (an object of so many unknown keys), nested (so many lists in each other), digits (one number of so many
 * digits), numbers (a list of so many integers beyond 2^53), escapes (a string of so many escapes), strings (a list of so
 * many empty strings), query (so many parameters in the URL), headers (so many headers).
 */
const flags = flagsOf({
  kind: 'keys',
  count: 1_000_000,
  connections: 1,
  path: '/v1/users/login',
  token: '',
  chunked: false,
});

export const BODIES = {
  keys: (count) => `{${Array.from({ length: count }, (_, at) => `"k${at}":${at}`).join(',')}}`,
  nested: (count) => '['.repeat(count),
  digits: (count) => `{"n":${'9'.repeat(count)}}`,
  numbers: (count) => `{"n":[${Array.from({ length: count }, () => '9007199254740993').join(',')}]}`,
  escapes: (count) => `{"s":"${'\\u0041'.repeat(count)}"}`,
  strings: (count) => `{"s":[${'"",'.repeat(count)}""]}`,
};
const body = BODIES[flags.kind]?.(flags.count) ?? '';
const query = flags.kind === 'query' ? `?${'a=1&'.repeat(flags.count)}` : '';
const headers =
  flags.kind === 'headers' ? Array.from({ length: flags.count }, (_, at) => `x-${at}: 1\r\n`).join('') : '';
const authorization = flags.token === '' ? '' : `authorization: Bearer ${flags.token}\r\n`;
const length = flags.chunked ? 'transfer-encoding: chunked\r\n' : `content-length: ${Buffer.byteLength(body)}\r\n`;
const head = `POST ${flags.path}${query} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${authorization}${headers}${length}\r\n`;
const content = flags.chunked ? `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
const statuses = {};

const told = await onConnections(flags, async (socket, over) => {
  let sent = 0;
  let answered = () => {};
  socket.on('data', (bytes) => {
    const status = /^HTTP\/1\.1 (\d+)/.exec(String(bytes))?.[1];
    if (status === undefined) return;
    statuses[status] = (statuses[status] ?? 0) + 1;
    answered();
  });
  while (!over()) {
    const gone = new Promise((resolve) => {
      answered = () => resolve(true);
      socket.once('close', () => resolve(false));
      setTimeout(() => resolve(false), flags.seconds * 1_000).unref();
    });
    if (!(await written(socket, head + content))) break;
    sent += 1;
    if (!(await gone)) break;
  }
  return sent;
});
report({ ...told, statuses });
