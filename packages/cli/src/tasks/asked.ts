import type { Acting, Asked } from '@tq/core'

/** The workers that are meant. */
export function asked({ to }: { readonly to: readonly string[] }): Asked {
  return to.length > 0 ? { to } : {}
}

/** Who acts, where it was said. */
export function acting({ by }: { readonly by: string | undefined }): Acting {
  return by === undefined ? {} : { by }
}
