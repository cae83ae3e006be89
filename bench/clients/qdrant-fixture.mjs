// No Qdrant: a fixture for measuring Qdrant's *client*, where Qdrant's server cannot be had. It speaks as much of Qdrant's REST and
// gRPC as qdrant-client needs for upserts and searches, keeps nothing, looks at no request, and answers searches with answers
// that were made before: the right points of the bench's queries in turn, with scores and payloads, as long as Qdrant's would be.
// Nothing that it does says anything of Qdrant's server.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { encoded, entriesOf } from '../servers/wire.mjs';

const VERSION = '1.20.0';
const COMPLETED = 2;

const [http, grpc, file] = process.argv.slice(2);
/** For each query its hits, `{ id, score, payload }`. */
const searches = JSON.parse(readFileSync(file, 'utf8'));

const payloadValue = (value) =>
  typeof value === 'string'
    ? encoded([4, 'string', value])
    : Number.isInteger(value)
      ? encoded([3, 'varint', value])
      : encoded([2, 'double', value]);
const messages = searches.map((hits) => {
  const points = hits.map(({ id, score, payload }) => {
    const name = [1, 'message', encoded([1, 'varint', id])];
    return encoded(name, ...entriesOf(2, payload, payloadValue), [3, 'float', score], [5, 'varint', 1]);
  });
  return encoded(...points.map((one) => [1, 'message', one]), [2, 'double', 0.001]);
});
const texts = searches.map((hits) => {
  const points = hits.map((hit) => ({ ...hit, version: 1 }));
  return JSON.stringify({ result: { points }, status: 'ok', time: 0.001 });
});
const written = encoded([1, 'message', encoded([1, 'varint', 1], [2, 'varint', COMPLETED])], [2, 'double', 0.001]);
const writtenText = JSON.stringify({ result: { operation_id: 1, status: 'completed' }, status: 'ok', time: 0.001 });

let next = 0;
const inTurn = (answers) => answers[next++ % answers.length];

const asIs = (bytes) => bytes;
const unary = (path, answer) => [
  path,
  {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
    answer,
  },
];
const methods = Object.fromEntries([
  unary('/qdrant.Qdrant/HealthCheck', () => encoded([1, 'string', 'qdrant'], [2, 'string', VERSION])),
  unary('/qdrant.Points/Query', () => inTurn(messages)),
  unary('/qdrant.Points/Upsert', () => written),
]);
const server = new Server({ 'grpc.max_receive_message_length': -1 });
server.addService(
  methods,
  Object.fromEntries(Object.values(methods).map(({ path, answer }) => [path, (_, reply) => reply(null, answer())])),
);
await new Promise((resolve, reject) =>
  server.bindAsync(grpc, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
);

const [host, port] = http.split(':');
createServer((request, response) => {
  request.resume().once('end', () => {
    const { method, url } = request;
    const found = { 'content-type': 'application/json' };
    if (method === 'POST' && url.includes('/points/query')) response.writeHead(200, found).end(inTurn(texts));
    else if (method === 'PUT' && url.includes('/points')) response.writeHead(200, found).end(writtenText);
    else if (method === 'POST' && url === '/first-answer-next') {
      // Of the bench, which then knows what the answers to its queries are.
      next = 0;
      response.writeHead(204).end();
    } else if (method === 'GET' && url === '/')
      response.writeHead(200, found).end(JSON.stringify({ title: 'qdrant', version: VERSION }));
    else response.writeHead(404, found).end('{"status":{"error":"the fixture has no such route"}}');
  });
}).listen(Number(port), host);
