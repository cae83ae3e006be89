// What every installation of a server has to show: it answers a search, and what it acknowledged is there after it was killed.
const COLLECTION = 'deployed';
const WAIT_MS = 120_000;
const LOOK_MS = 50;

/** Calls `work` until it does not throw; throws what it threw last when that takes longer than two minutes. */
export async function eventually(what, work) {
  for (const end = Date.now() + WAIT_MS; ; ) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Calls over REST with a key; `call` throws what the server refuses. */
export const clientOf = (http, apiKey) => ({
  async call(method, path, body) {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const answer = await fetch(http + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  },
});

const point = (at) => ({ id: `p${at}`, vector: [at, 1] });

/** Writes points of which `findPoints` knows what a search has to find. */
export async function writePoints(client, count = 100) {
  await client.call('POST', '/v1/collections', { name: COLLECTION, dimension: 2, distance: 'euclidean' });
  const points = Array.from({ length: count }, (_, at) => point(at));
  await client.call('POST', `/v1/collections/${COLLECTION}/points`, { points });
}

/** Throws unless the point that is asked for is the nearest and all shards answered. */
export async function findPoints(client, at = 7) {
  const { results, complete } = await client.call('POST', `/v1/collections/${COLLECTION}/points/search`, {
    vector: point(at).vector,
    topK: 1,
  });
  if (results[0]?.id !== `p${at}` || !complete) throw new Error(`a search found ${JSON.stringify(results)}`);
}
