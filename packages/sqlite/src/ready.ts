import type { Connection } from './connection.ts'

/** An open file and the number of the namespace in it; throws before `open` and after `close`. */
export type Ready = () => { readonly connection: Connection; readonly namespace: number }
