// At the root of the sources, as the built files are at the root of the package: these paths hold for both.
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** The program itself, to be started again as another process. */
export const mainFile = new URL(`./main.${ending}`, import.meta.url)

/** Imports task files; child processes of isolated tasks import it by this URL. */
export const loaderUrl = new URL(`./load-module.${ending}`, import.meta.url).href
