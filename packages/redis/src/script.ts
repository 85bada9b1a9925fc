import { createHash } from 'node:crypto'

/** A Lua script, known to the server by its hash once it was sent. */
export interface Script {
  readonly name: string
  readonly lua: string
  readonly sha: string
}

export function script(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') }
}
