import { deepStrictEqual as equal, match, ok } from 'node:assert';
import { readFileSync } from 'node:fs';
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

type Point = components['schemas']['Point'];
interface Scenario {
  dimension: number;
  points: (Point & { id: string })[];
  query: number[];
  nearest: string[];
}
const scenario = JSON.parse(readFileSync(process.env.SCENARIO as string, 'utf8')) as Scenario;
const collection = 'client-typescript';
const client = createClient<paths>({
  baseUrl: process.env.VECTRON_URL,
  headers: { authorization: `Bearer ${process.env.VECTRON_API_KEY}` },
});
const [first] = scenario.points;

const made = await client.POST('/v1/collections', { body: { name: collection, dimension: scenario.dimension } });
equal(made.data?.success, true);

const path = { collection };
const written = await client.POST('/v1/collections/{collection}/points', {
  params: { path },
  body: { points: scenario.points },
});
equal(written.data?.upserted, scenario.points.length);

const got = await client.GET('/v1/collections/{collection}/points/{id}', {
  params: { path: { collection, id: first.id } },
});
equal(got.data?.point?.payload, first.payload);
equal(got.data?.point?.vector, first.vector);
match(got.data?.appliedIndex ?? '', /^\d+$/);

const found = await client.POST('/v1/collections/{collection}/points/search', {
  params: { path },
  body: { vector: scenario.query, topK: 3, includeVectors: true },
});
equal(
  found.data?.results?.map(({ id }) => id),
  scenario.nearest,
);
equal(found.data?.results?.[0]?.payload, first.payload);
equal(found.data?.results?.[0]?.vector, first.vector);
ok(typeof found.data?.results?.[0]?.score === 'number');

const page = await client.GET('/v1/collections/{collection}/points', {
  params: { path, query: { limit: 1, includeVectors: true } },
});
equal(page.data?.points?.length, 1);
ok(page.data?.nextCursor);

const status = await client.GET('/v1/collections/{name}/status', { params: { path: { name: collection } } });
equal(status.data?.dimension, scenario.dimension);
match(status.data?.points ?? '', /^\d+$/);

const missing = await client.GET('/v1/collections/{name}/status', { params: { path: { name: 'client-none' } } });
equal(missing.response.status, 404);
equal(missing.error?.code, 5);
equal(missing.error?.details[0]?.reason, 'COLLECTION_NOT_FOUND');
match(missing.error?.message ?? '', /client-none/);

const wrong = await client.POST('/v1/collections/{collection}/points/search', {
  params: { path },
  body: { vector: [1] },
});
equal(wrong.response.status, 400);
equal(wrong.error?.details[0]?.reason, 'DIMENSION_MISMATCH');

const deleted = await client.DELETE('/v1/collections/{collection}/points/{id}', {
  params: { path: { collection, id: first.id } },
});
equal(deleted.data?.existed, true);
const dropped = await client.DELETE('/v1/collections/{name}', { params: { path: { name: collection } } });
equal(dropped.data?.success, true);
