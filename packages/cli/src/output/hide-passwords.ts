/** Text that may be shown: every URL in it without its password. */
export function hidePasswords(text: string): string {
  if (!text.includes('://')) return text
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@'"]*):[^\s'"]*@/gi, '$1:***@')
    .replace(/([?&](?:password|token|secret)=)[^&\s'"]*/gi, '$1***')
}
