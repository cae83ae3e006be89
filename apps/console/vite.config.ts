import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Smaller files gain nothing by being compressed. */
const MIN_BYTES = 1_024;

/** Writes `FILE.br` and `FILE.gz` beside every asset, which the gateway sends to whoever takes them. */
const compressed = (): Plugin => ({
  name: 'compressed',
  apply: 'build',
  writeBundle({ dir = '' }) {
    const assets = join(dir, 'assets');
    for (const name of readdirSync(assets).filter((one) => /\.(?:js|css|svg|wasm|json)$/.test(one))) {
      const path = join(assets, name);
      const bytes = readFileSync(path);
      if (bytes.length < MIN_BYTES) continue;
      writeFileSync(
        `${path}.br`,
        brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
      );
      writeFileSync(`${path}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
    }
  },
});

// Served by the gateway below /console; in development, requests go to a running gateway.
export default defineConfig({
  base: '/console/',
  plugins: [react(), compressed()],
  build: {
    outDir: 'dist',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    // What is not used of it would compile WebAssembly, which the policy of the page forbids.
    rolldownOptions: { treeshake: { moduleSideEffects: [{ test: /hyparquet-compressors/, sideEffects: false }] } },
  },
  worker: { format: 'es' },
  server: {
    proxy: Object.fromEntries(
      ['/v1', '/healthz', '/metrics', '/openapi.json'].map((path) => [path, 'http://127.0.0.1:8080']),
    ),
  },
});
