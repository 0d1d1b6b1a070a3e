import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** The page for end customers, which the service serves beside its sessions: a bundle of its own. */
export default defineConfig({
  root: import.meta.dirname,
  // Below wherever the service is reached.
  base: './',
  publicDir: false,
  plugins: [react()],
  build: {
    outDir: 'dist/connect',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: `${import.meta.dirname}/connect.html` },
  },
})
