import { TqError } from '../errors/tq-error.ts'

/** Why a service's URL cannot be used, without the password that may be in it. */
export function invalidUrl(url: string, reason: string): TqError {
  const shown = url.replace(/\/\/[^/]*@/, '//***@')
  return new TqError('INVALID_OPTION', `'${shown}' cannot be used: ${reason}.`, { details: { url: shown } })
}

/** A part of a URL as it was before it was escaped. @throws TqError `INVALID_OPTION` */
export function decodedPart(text: string, url: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidUrl(url, "a '%' in it starts no valid escape. Write %25 for a percent sign")
  }
}

/** `key:secret` before the `@` of a URL, as services of AWS have it. @throws TqError `INVALID_OPTION` */
export function accessKeys(
  text: string,
  url: string,
): { readonly accessKeyId: string; readonly secretAccessKey: string } {
  const colon = text.indexOf(':')
  if (colon < 1) throw invalidUrl(url, 'credentials are an access key and a secret: key:secret@')
  return {
    accessKeyId: decodedPart(text.slice(0, colon), url),
    secretAccessKey: decodedPart(text.slice(colon + 1), url),
  }
}
