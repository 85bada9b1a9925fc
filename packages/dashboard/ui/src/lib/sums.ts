/** The sum of what is told of each. */
export function sumOf<Item>(items: readonly Item[], tell: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + tell(item), 0)
}

/** Courses of the same steps as one. */
export function sumCourses(courses: readonly (readonly number[])[]): readonly number[] {
  const sums: number[] = []
  for (const course of courses) for (const [at, value] of course.entries()) sums[at] = (sums[at] ?? 0) + value
  return sums
}
