/**
 * Whether a request that changes something comes from our own page, or from no browser at all. Browsers say so in
 * `Sec-Fetch-Site`; where they do not (plain http beyond this machine) `Origin` has to be this host. A bearer token is
 * never sent by a browser on its own, so whoever has one means it.
 */
export function isSameOrigin(request: Request, withToken: boolean): boolean {
  const { headers } = request
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = headers.get('origin')
  if (origin !== null) return hostOf(origin) === hostHeader(request)
  return withToken
}

/** The host, with its port, that the client meant. */
export function hostHeader(request: Request): string {
  return (request.headers.get('host') ?? new URL(request.url).host).toLowerCase()
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}
