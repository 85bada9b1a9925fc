/** What somebody may do: `view` looks, `operate` steers tasks and queues, `admin` also deletes and stops workers. */
export type Role = 'view' | 'operate' | 'admin'

const ranks: Readonly<Record<Role, number>> = { view: 0, operate: 1, admin: 2 }

/** Whether a role includes another. */
export function includes(role: Role, needed: Role): boolean {
  return ranks[role] >= ranks[needed]
}

export function isRole(value: unknown): value is Role {
  return typeof value === 'string' && Object.hasOwn(ranks, value)
}

/** Somebody who was let in. */
export interface Visitor {
  /** For the audit log. */
  readonly name: string
  readonly role: Role
}
