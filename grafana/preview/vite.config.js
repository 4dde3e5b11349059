import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

// PROMETHEUS: the address of the server that has the data.
const proxy = { '/api': process.env.PROMETHEUS ?? 'http://127.0.0.1:9090' };

export default defineConfig({
  plugins: [react()],
  // It is CommonJS, whose default export @grafana/ui asks for as older bundlers gave it.
  resolve: { alias: [{ find: /^react-custom-scrollbars-2$/, replacement: fileURLToPath(new URL('src/scrollbars.js', import.meta.url)) }] },
  server: { proxy },
  preview: { proxy },
  build: { chunkSizeWarningLimit: 10000 },
});
