// Drives one client of JavaScript; see ../README.md for what a driver is told and says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from '@vectron/sdk';

const settings = JSON.parse(process.argv[2]);
const { data, dimension, k, batch, collection } = settings;

const floatsOf = (name) => {
  const bytes = readFileSync(join(data, name));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};
const rowsOf = (floats) =>
  Array.from({ length: floats.length / dimension }, (_, at) => floats.slice(at * dimension, (at + 1) * dimension));
const vectors = rowsOf(floatsOf('points.f32'));
const queries = rowsOf(floatsOf('queries.f32'));
const payloads = readFileSync(join(data, 'payloads.jsonl'), 'utf8').trimEnd().split('\n').map(JSON.parse);

function vectron() {
  const client = connect(settings.url, { apiKey: settings.token });
  return {
    async search(at) {
      const { hits } = await client.search(collection, { vector: queries[at], topK: k });
      return hits.map(({ id, payload }) => [Number(id), payload.name]);
    },
    async upsert(from, to) {
      const points = [];
      for (let at = from; at < to; at++) points.push({ id: String(at), vector: vectors[at], payload: payloads[at] });
      await client.upsert(collection, points);
    },
  };
}

/** The predecessor's client has vectors of numbers, and payloads of strings. */
async function predecessor() {
  const { VectronClient } = await import(settings.module);
  const client = new VectronClient(settings.url, settings.token, { timeoutMs: 60_000 });
  const numbers = { vectors: vectors.map((one) => Array.from(one)), queries: queries.map((one) => Array.from(one)) };
  const texts = payloads.map((one) => Object.fromEntries(Object.entries(one).map(([key, value]) => [key, `${value}`])));
  return {
    async search(at) {
      const hits = await client.search(collection, numbers.queries[at], k);
      return hits.map(({ id, payload }) => [Number(id), payload.name]);
    },
    async upsert(from, to) {
      const points = [];
      for (let at = from; at < to; at++) points.push({ id: `${at}`, vector: numbers.vectors[at], payload: texts[at] });
      await client.upsert(collection, points);
    },
  };
}

const client = await { vectron, predecessor }[settings.client]();

/** Calls `one(0..count-1)`, `clients` at a time. */
async function inParallel(clients, count, one) {
  let next = 0;
  const work = async () => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: clients }, work));
}

const operations = {
  search: ({ clients, count }) => inParallel(clients, count, (at) => client.search(at % queries.length)),
  upsert: ({ clients, count }) =>
    inParallel(clients, count / batch, (at) => {
      const from = (at * batch) % vectors.length;
      return client.upsert(from, from + batch);
    }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told.operation === 'check') {
    const found = [];
    for (let at = 0; at < told.count; at++) found.push(await client.search(at));
    console.log(JSON.stringify({ found }));
    continue;
  }
  const began = process.hrtime.bigint();
  const before = process.cpuUsage();
  await operations[told.operation](told);
  const { user, system } = process.cpuUsage(before);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6, seconds }));
}
process.exit();
