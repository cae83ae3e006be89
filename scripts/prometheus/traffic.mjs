// Traffic of every kind that the dashboards show, until it is stopped.
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { connect } from '../../packages/sdk/dist/index.js';

const DIMENSION = 8;
const PAUSE_MS = 50;
const MEASURED = 4_000;
const vector = (seed) => Array.from({ length: DIMENSION }, (_, at) => Math.sin(seed * DIMENSION + at + 1));

/** `check` throws when it has failed. */
export function makeTraffic({ http, grpc, apiKey }) {
  let stopped = false;
  let failed;
  const clients = [...http, ...grpc.map((address) => `grpc://${address}`)].map((url) => connect(url, { apiKey }));
  const socketOf = async () => {
    const url = `${http[0].replace('http', 'ws')}/v1/collections/papers/points/search/stream`;
    const socket = new WebSocket(url, ['vectron', `bearer.${apiKey}`]);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('message', () => {});
    return socket;
  };
  const work = async () => {
    const [first] = clients;
    await first.createCollection('papers', { dimension: DIMENSION, shards: 2, replicas: 2 });
    await first.createCollection('ranked', { dimension: DIMENSION, rerank: { enabled: true, textFields: ['title'] } });
    const points = Array.from({ length: 500 }, (_, at) => ({
      id: `p${at}`,
      vector: vector(at),
      payload: { title: `t ${at}` },
    }));
    for (const name of ['papers', 'ranked']) await first.upsert(name, points);
    // Of enough points that its recall is measured, and left alone meanwhile.
    await first.createCollection('measured', { dimension: DIMENSION });
    for (let from = 0; from < MEASURED; from += 1_000) {
      const more = Array.from({ length: 1_000 }, (_, at) => ({ id: `m${from + at}`, vector: vector(from + at) }));
      await first.upsert('measured', more);
    }
    const socket = await socketOf();
    for (let round = 0; !stopped; round += 1) {
      const db = clients[round % clients.length];
      await db.upsert('papers', [{ id: `p${round % 500}`, vector: vector(round) }]);
      // The same twice: the second is answered from the cache.
      for (let again = 0; again < 2; again += 1) await db.search('papers', { vector: vector(round % 20) });
      await db.search('papers', { vector: vector(round), recall: 0.9 });
      await db.search('measured', { vector: vector(round), recall: 0.9 });
      await db.search('ranked', { vector: vector(round), query: 't 1' });
      await db.search('nowhere', { vector: vector(round) }).catch(() => undefined);
      socket.send(JSON.stringify({ vector: vector(round) }));
      await pause(PAUSE_MS);
    }
    socket.close();
    await Promise.all(clients.map((client) => client.close()));
  };
  const working = work().catch((error) => {
    failed = error;
  });
  return {
    check() {
      if (failed !== undefined) throw failed;
    },
    async stop() {
      stopped = true;
      await working;
    },
  };
}
