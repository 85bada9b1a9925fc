import type { App } from '@tq/core'
import type { Role, Visitor } from '../access/roles.ts'
import { BadRequest } from '../http/problem.ts'
import type { BulkJobs } from './bulk-jobs.ts'

/** What an action gets. */
export interface ActionContext {
  readonly app: App<unknown>
  readonly bulk: BulkJobs
  readonly visitor: Visitor
}

export type Body = Readonly<Record<string, unknown>>

/** Something that is changed. All of them are in the audit log, with who did it. */
export interface Action {
  readonly role: Role
  run(context: ActionContext, body: Body): Promise<unknown>
}

/** @throws BadRequest */
export function textOf(body: Body, name: string): string {
  const value = body[name]
  if (typeof value === 'string' && value !== '' && value.length <= 1_000) return value
  throw new BadRequest(`${name} has to be a text.`)
}

/** @throws BadRequest */
export function optionalText(body: Body, name: string): string | undefined {
  const value = body[name]
  return value === undefined || value === null || value === '' ? undefined : textOf(body, name)
}

/** @throws BadRequest */
export function idsOf(body: Body, name: string): readonly string[] | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  const isList = Array.isArray(value) && value.length > 0 && value.length <= 1_000
  if (isList && value.every((id) => typeof id === 'string' && id !== '')) return value as readonly string[]
  throw new BadRequest(`${name} has to be a list of 1 to 1,000 ids.`)
}

/** @throws BadRequest */
export function numberOf(body: Body, name: string): number {
  const value = body[name]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new BadRequest(`${name} has to be a whole number.`)
}
