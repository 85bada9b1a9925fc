// What `tq.config.ts` imports.
export { type Config, defineConfig } from './config/config.ts'
