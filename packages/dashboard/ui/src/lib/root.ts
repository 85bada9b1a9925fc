/** Where the dashboard is mounted. Every page is one level below, so the browser knows it without being told. */
export const root = new URL('./', location.href).pathname

/** @param page `tasks?state=FAILURE`; '' is the overview */
export function href(page: string): string {
  return `${root}${page}`
}

/** A page with a query, without what is empty. */
export function pageWith(page: string, query: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value)
  const text = search.toString()
  return text === '' ? page : `${page}?${text}`
}

export function apiUrl(path: string): string {
  return `${root}api/${path}`
}
