import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

/** Runs the demo as scripts/demo does, but from the packages' sources: no build is needed. */
function runDemo(environment: Readonly<Record<string, string>> = {}) {
  // A folder for temporary files of its own: what is left behind shows.
  const folder = mkdtempSync(join(tmpdir(), 'tq-documents-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { TQ_BROKER_URL: _, TQ_BACKEND_URL: __, ...inherited } = process.env
  const child = spawn(
    process.execPath,
    ['--conditions=@tq/source', join(import.meta.dirname, '../src/demo.ts')],
    { env: { ...inherited, TMPDIR: folder, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  return new Promise<{ code: number | null; lines: string[]; left: string[] }>((resolve) => {
    child.on('close', (code) =>
      resolve({ code, lines: output.trimEnd().split('\n'), left: readdirSync(folder).filter(isOurs) }),
    )
  })
}

/** Node keeps its compile cache there too. */
function isOurs(name: string): boolean {
  return name.startsWith('tq-')
}

test('real documents go through a server and workers in processes of their own', async () => {
  const { code, lines, left } = await runDemo()
  const output = lines.join('\n')
  const [, sent = '0', succeeded] =
    /^demo: (\d+) sent, (\d+) succeeded, 0 failed$/.exec(lines.at(-1) ?? '') ?? []
  expect(sent, output).toBe(succeeded)
  expect(code).toBe(0)
  expect(Number(sent)).toBeGreaterThanOrEqual(6)

  const rows = lines.filter((line) => line.endsWith('  SUCCESS'))
  expect(rows).toHaveLength(Number(sent))
  expect(output).toMatch(/^field-guide\.pdf +pdf +\d{3} .* SUCCESS$/m)
  expect(output).toMatch(/^CONTRIBUTING\.md +markdown +\d{3}/m)
  expect(output).toMatch(/^ {2}0\.\d\d {2}field-guide\.pdf: /m)
  expect(left).toEqual([])
}, 60_000)

test('a broker that cannot be used ends it at once, with the words of the process that found out', async () => {
  const { code, lines, left } = await runDemo({ TQ_BROKER_URL: 'nonsense://nowhere' })
  const output = lines.join('\n')
  expect(code).toBe(1)
  expect(output).toContain('ended too early')
  expect(output).toMatch(/(server|worker \d) \| .*nonsense:/)
  expect(left).toEqual([])
}, 60_000)
