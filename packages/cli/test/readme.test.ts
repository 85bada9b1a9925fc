import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Project } from './project.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const commands = [
  'worker',
  'dashboard',
  'dev',
  'call',
  'result',
  'status',
  'events',
  'inspect ping',
  'inspect active',
  'inspect reserved',
  'inspect scheduled',
  'inspect registered',
  'inspect queues',
  'inspect rate-limits',
  'inspect stats',
  'inspect conf',
  'inspect audit',
  'control pause',
  'control resume',
  'control revoke',
  'control retry',
  'control promote',
  'control reschedule',
  'control priority',
  'control rate-limit',
  'control concurrency',
  'control add-consumer',
  'control cancel-consumer',
  'control shutdown',
  'purge',
  'dead list',
  'dead retry',
  'dead drop',
  'beat',
  'schedules list',
  'schedules pause',
  'schedules resume',
  'schedules run',
  'schedules remove',
]

test.each(commands)('tq %s --help tells flags and variables, and the README knows them all', async (name) => {
  const { code, stdout, stderr } = await new Project().tq([...name.split(' '), '--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const documented = [...stdout.matchAll(/--([a-z-]+)(?:=<\S+>)? .*\[(TQ_[A-Z_]+)\]/g)]
  expect(documented.length).toBeGreaterThanOrEqual(5)
  for (const [, flag, variable] of documented) {
    expect(readme).toContain(`--${flag}`)
    expect(readme).toContain(`\`${variable}\``)
  }
})

test('tq --help names every command, tq --version the version', async () => {
  const project = new Project()
  const { stdout } = await project.tq(['--help'])
  for (const name of commands) expect(stdout).toContain(name.split(' ')[0])
  expect((await project.tq(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
})
