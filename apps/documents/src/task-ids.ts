// tq numbers the tasks of a workflow below the workflow's own id, which is the row that people watch.

/** The row of a file of an upload: the files are the children of the upload's first step. */
export function fileTaskId(uploadId: string, index: number): string {
  return `${uploadId}.0.${index}`
}

/** The row of a document's way, by the id of one of its steps. */
export function rowOfStep(stepId: string): string {
  return stepId.replace(/\.\d+$/, '')
}
