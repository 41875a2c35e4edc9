import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where a gateway of a local cluster answers, while the dApp itself comes from Vite. */
const GATEWAY = 'http://127.0.0.1:8788';

export default defineConfig({
  plugins: [react()],
  base: './',
  build: { target: 'es2022', chunkSizeWarningLimit: 900 },
  server: {
    proxy: { '/config.json': GATEWAY, '/api': GATEWAY, '/control': GATEWAY },
  },
});
