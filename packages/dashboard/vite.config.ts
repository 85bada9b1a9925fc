import { defineConfig } from 'vite'

// Relative URLs only: it works under any path. No inline script or style: the page's CSP forbids them.
export default defineConfig({
  root: 'ui',
  base: './',
  publicDir: 'public',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
})
