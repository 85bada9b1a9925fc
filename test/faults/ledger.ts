import { openSync, readFileSync, writeSync } from 'node:fs'

/** One line of a ledger: what a worker process saw, by a clock that all processes of the machine share. */
export interface Entry {
  /**
   * `lease` when the process was given the task; `start` and `end` of a handler; `commit` when the worker was told that
   * its result counts.
   */
  readonly what: 'lease' | 'start' | 'end' | 'commit'
  readonly id: string
  /** Different for every run of every task; of a lease, which delivery of the task it is, by the service's count. */
  readonly run: string
  readonly process: number
  readonly at: bigint
}

/** Appends to a file in one write per line, so that a killed process loses nothing it had written. */
export class Ledger {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  note(what: Entry['what'], id: string, run: string): void {
    writeSync(this.#file, `${what} ${id} ${run} ${process.pid} ${process.hrtime.bigint()}\n`)
  }
}

export function readLedger(path: string): readonly Entry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [what = '', id = '', run = '', pid = '0', at = '0'] = line.split(' ')
      return { what: what as Entry['what'], id, run, process: Number(pid), at: BigInt(at) }
    })
}
