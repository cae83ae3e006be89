export default {
  sends:
    'the most that one request may ask for: 10,000 results, batches of queries of 16 branches, exact scans, facets',
  mustNot: 'keep other tenants from searching',
  seconds: 6,
  account: { points: 5_000 },
  async run(context) {
    const { key, collection } = context.account;
    const points = `/v1/collections/${collection}/points`;
    const vector = Array.from({ length: 8 }, () => context.random());
    const branches = Array.from({ length: 16 }, () => ({ vector, limit: 1_000 }));
    const condition = { field: 'text', text: 'some words' };
    const requests = [
      { path: `${points}/search`, body: { vector, topK: 10_000, ef: 10_000, includeVectors: true } },
      {
        path: `${points}/search`,
        body: { vector, topK: 10_000, exact: true, filter: { all: Array(100).fill(condition) } },
      },
      { path: `${points}/query`, body: { branches, topK: 1_000, fusion: 'rrf' } },
      { path: '/v1/query/batch', body: { queries: Array(100).fill({ collection, branches, topK: 1_000 }) } },
      { path: `${points}/facets`, body: { path: 'number', limit: 10_000 } },
      { path: `${points}/count`, body: { filter: { any: Array(500).fill(condition) } } },
      {
        path: `${points}/list`,
        body: { limit: 1_000, orderBy: { path: 'number', descending: true }, includeVectors: true },
      },
    ];
    await context.again(24, (at) => context.ask({ method: 'POST', key, ...requests[at % requests.length] }));
  },
};
