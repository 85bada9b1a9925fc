/** `scheme://user:password@` anywhere in a text, and secrets in the query of a URL. */
const inUrl = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@'"\\]*):[^\s'"\\@]+@/gi
const inQuery = /([?&](?:password|passwd|token|secret|api_?key)=)[^&\s'"\\]+/gi

/** The last line of defence: errors and stacks are free text, and drivers like to quote their URL. */
export function hideCredentials(text: string): string {
  if (!text.includes('://') && !text.includes('=')) return text
  return text.replace(inUrl, '$1:***@').replace(inQuery, '$1***')
}
