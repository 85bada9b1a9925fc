import type { Problem } from '../../../src/wire/common.ts'
import { apiUrl } from '../lib/root.ts'

/** What the server, or the way to it, had against it. */
class Failed extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

export function toProblem(error: unknown): Problem {
  return error instanceof Failed ? error.problem : { code: 'UNEXPECTED', message: String(error) }
}

/** @throws Failed */
export async function get<T>(path: string): Promise<T> {
  return await send<T>(path, {})
}

/** @throws Failed */
export async function post<T>(action: string, body: unknown): Promise<T> {
  return await send<T>(`do/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function send<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch(apiUrl(path), { credentials: 'same-origin', ...init })
  } catch {
    throw new Failed({
      code: 'OFFLINE',
      message: 'The dashboard does not answer.',
      fix: 'Is its process still running? This page goes on by itself as soon as it answers.',
    })
  }
  const value = await parse(response)
  if (response.ok) return value as T
  throw new Failed(
    isProblem(value)
      ? value
      : { code: `HTTP_${response.status}`, message: `The server said ${response.status}.` },
  )
}

async function parse(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    return undefined
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value
}
