import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Static files below `/console`, of one origin with the API; the service adds the nonce. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // What the content security policy would not let in.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
