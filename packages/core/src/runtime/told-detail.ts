import type { Envelope } from '../task/envelope.ts'
import type { ResolvedHistory } from './history-settings.ts'
import { preview } from './redact.ts'

/** What is told of a task whatever becomes of it; part of every record's detail. */
export interface ToldDetail {
  /** A short form of the input, as it may be seen. */
  readonly args?: unknown
  readonly parent?: string
  /** The workflow it is part of. */
  readonly root?: string
  readonly tags?: readonly string[]
}

/** The same as the rest of a JSON object, comma first; empty for a task of which there is nothing to tell. */
export function toldOf(
  { parent, tags, flow }: Envelope,
  input: unknown,
  { args, isSecret }: ResolvedHistory,
): string {
  // Put together by hand: every successful task pays for it.
  let told = args && input !== undefined ? `,"args":${preview(input, isSecret)}` : ''
  if (parent !== undefined) told += `,"parent":${JSON.stringify(parent)}`
  if (flow?.root !== undefined) told += `,"root":${JSON.stringify(flow.root)}`
  if (tags !== undefined) told += `,"tags":${JSON.stringify(tags)}`
  return told
}

/** A detail that is not empty, and more of it. */
export function withTold(json: string, told: string): string {
  return told === '' ? json : `${json.slice(0, -1)}${told}}`
}
