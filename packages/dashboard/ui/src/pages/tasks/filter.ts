const filterNames = [
  'state',
  'name',
  'queue',
  'worker',
  'tag',
  'id',
  'last',
  'parent',
  'workflow',
  'order',
] as const

/** Which tasks are listed, and how: as the page's URL says. */
export type Filter = { readonly [Name in (typeof filterNames)[number]]?: string }

/** Takes away whatever was chosen. */
export const noFilter: Filter = Object.fromEntries(filterNames.map((name) => [name, '']))

export function readFilter(query: Readonly<Record<string, string>>): Filter {
  return Object.fromEntries(
    filterNames.flatMap((name) => {
      const value = Object.hasOwn(query, name) ? query[name] : undefined
      return value ? [[name, value]] : []
    }),
  )
}

export function toSearch(filter: Filter): string {
  return new URLSearchParams(filter as Record<string, string>).toString()
}
