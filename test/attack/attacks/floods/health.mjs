export default {
  sends: 'what anybody may ask: health, readiness, signing keys, the API document, pages of the console, preflights',
  mustNot: 'cost more than a moment each',
  overTls: true,
  seconds: 6,
  async run(context) {
    const asked = [
      { path: '/readyz' },
      { path: '/healthz' },
      { path: '/.well-known/jwks.json' },
      { path: '/openapi.json' },
      { path: '/' },
      { path: '/assets/none.js' },
      { method: 'OPTIONS', path: '/v1/collections', headers: { origin: 'https://evil.example' } },
    ];
    await context.again(24, (at) => context.ask(asked[at % asked.length]));
  },
};
