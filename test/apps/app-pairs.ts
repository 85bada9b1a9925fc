import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Pair, pairs } from '../features/pairs.ts'

/** Whole programs with processes of their own, on a machine that runs other tests too. */
const longestMs = 240_000

/** One pair for each broker, with its usual backend; the others in the full tier. */
const usual: ReadonlySet<string> = new Set(['memory', 'sqlite', 'redis', 'rabbitmq × sqlite', 'sqs × sqlite'])

/** An environment cannot turn off the backend that a broker brings. */
const chosen = pairs.filter(
  ({ name, fullTier }) =>
    name !== 'memory, no backend' && !fullTier && (process.env['TQ_TEST_TIER'] === 'full' || usual.has(name)),
)

/** What a program that ran to its end left. */
export interface Ended {
  readonly code: number | null
  readonly output: string
  readonly lastLine: string
}

/**
 * A sample application, run as the program it is on pairs of broker and backend. Only the environment differs.
 *
 * @param name Of the folder in `apps`; a row of the matrix in the README.
 */
export function onEveryPair(
  name: string,
  needs: { readonly backend: boolean },
  body: (environment: Readonly<Record<string, string>>, pair: Pair) => Promise<void>,
): void {
  describe(name, () => {
    for (const pair of chosen) {
      const run = test.skipIf(pair.missing !== undefined || (needs.backend && !pair.hasBackend))
      run(
        pair.missing ? `${pair.name} (${pair.missing})` : pair.name,
        async () => {
          const open = pair.open()
          try {
            await body(environmentOf(open.options), pair)
          } finally {
            open.close()
          }
        },
        longestMs,
      )
    }
  })
}

/** What a deployment sets. */
function environmentOf({ broker, backend, namespace }: ReturnType<Pair['open']>['options']) {
  expect(typeof broker).toBe('string')
  return {
    TQ_BROKER_URL: String(broker),
    TQ_BACKEND_URL: typeof backend === 'string' ? backend : '',
    ...(namespace === undefined ? {} : { TQ_NAMESPACE: namespace }),
  }
}

/** Runs a program of an application from the packages' sources, to its end. */
export async function runProgram(
  program: string,
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  const file = fileURLToPath(new URL(`../../apps/${program}`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@tq/source', file, ...flags], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return await untilEnded(child)
}

function untilEnded(child: ChildProcess): Promise<Ended> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  return new Promise((resolve) => {
    child.once('close', (code) =>
      resolve({ code, output, lastLine: output.trimEnd().split('\n').at(-1) ?? '' }),
    )
  })
}
