import type { CollectionPage, StateStore } from '../contracts/backend.ts'

const pageSize = 100

/** All members of a collection, page by page. */
export async function* pagesOf(
  state: StateStore,
  collection: string,
): AsyncGenerator<CollectionPage['members'][number]> {
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await state.page(collection, {
      limit: pageSize,
      ...(cursor === undefined ? {} : { cursor }),
    })
    yield* page.members
    cursor = page.next
  }
}
