import { LimitError } from './errors.ts'

/** What names an item. */
export interface Key {
  readonly pk: { readonly S: string }
  readonly sk: { readonly S: string }
}

/** The sort key of what is alone under its partition key. */
const alone = '-'
const longest = { pk: 2_048, sk: 1_024 }

/** Kinds of items, as they stand in partition keys. */
export type Kind =
  | 'record'
  | 'seen'
  | 'value'
  | 'member'
  | 'join'
  | 'roster'
  | 'joined'
  | 'progress'
  | 'lot'
  | 'place'
  | 'rate'
  | 'count'

/** `<namespace>#<kind>#<name>`: distinct names have distinct keys, since only the last part may contain a `#`. */
export class Keys {
  readonly #namespace: string

  constructor(namespace: string) {
    this.#namespace = namespace.replaceAll('%', '%25').replaceAll('#', '%23')
  }

  /** @throws LimitError */
  partition(kind: Kind, name: string): string {
    return checked(`${this.#namespace}#${kind}#${name}`, 'pk')
  }

  /** An item that is alone under its partition key. @throws LimitError */
  single(kind: Kind, name: string): Key {
    return { pk: { S: this.partition(kind, name) }, sk: { S: alone } }
  }

  /** One of several under a partition key. @throws LimitError */
  member(kind: Kind, name: string, member: string): Key {
    return { pk: { S: this.partition(kind, name) }, sk: { S: sortKey(member) } }
  }
}

/** A sort key must not be empty. */
export function sortKey(member: string): string {
  return checked(`=${member}`, 'sk')
}

/** What an item is called that stands alone under its partition key. */
export function nameOfKey({ pk }: Key): string {
  return pk.S.split('#').slice(2).join('#')
}

export function memberOf(sk: string): string {
  return sk.slice(1)
}

function checked(text: string, part: 'pk' | 'sk'): string {
  if (text.length * 3 > longest[part] && Buffer.byteLength(text) > longest[part]) {
    throw new LimitError(`a name is too long: DynamoDB takes ${longest[part]} bytes, its namespace included`)
  }
  return text
}
