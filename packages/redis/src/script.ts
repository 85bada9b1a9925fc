import { createHash } from 'node:crypto'
import { Command } from 'ioredis'

/** A Lua script, known to the server by its hash once it was sent. */
export interface Script {
  readonly name: string
  readonly lua: string
  readonly sha: string
}

export function script(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** A call of a script that is written already: ioredis would take it apart and put it together again. */
export class ScriptCommand extends Command {
  readonly #bytes: Buffer

  /** @param key decides which node of a Cluster it goes to */
  constructor(name: 'eval' | 'evalsha', { sha }: Script, key: string, bytes: Buffer) {
    super(name, [sha, '1', key], { replyEncoding: null })
    this.#bytes = bytes
  }

  override toWritable(): Buffer {
    return this.#bytes
  }
}
