import type { DocumentDatabase } from './database.ts'
import { embed, similarity } from './embed.ts'

export interface Hit {
  readonly document_id: number
  readonly file_name: string
  readonly title: string | null
  /** 1: the same words; 0: none in common. */
  readonly score: number
  /** The passage that fits best. */
  readonly passage: string
}

/** Below this, two texts share a word by chance. */
const leastScore = 0.12

/** The documents with the passages most like the query, the best first. Reads them all: enough for thousands. */
export function search(database: DocumentDatabase, query: string, limit = 5): Hit[] {
  const wanted = embed(query)
  const best = new Map<number, { score: number; passage: string }>()
  for (const { documentId, text, embedding } of database.passages()) {
    const score = similarity(wanted, embedding)
    if (score >= leastScore && score > (best.get(documentId)?.score ?? 0)) {
      best.set(documentId, { score, passage: text })
    }
  }
  return [...best]
    .sort(([idA, a], [idB, b]) => b.score - a.score || idA - idB)
    .slice(0, limit)
    .flatMap(([id, { score, passage }]) => {
      const document = database.findDocument(id)
      if (!document) return []
      return { document_id: id, file_name: document.fileName, title: document.title, score, passage }
    })
}
