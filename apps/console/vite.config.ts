import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Served by the gateway below /console; in development, /v1 goes to a running gateway.
export default defineConfig({
  base: '/console/',
  plugins: [react()],
  build: { outDir: 'dist', assetsInlineLimit: 0, chunkSizeWarningLimit: 1500 },
  server: { proxy: { '/v1': 'http://127.0.0.1:8080' } },
});
