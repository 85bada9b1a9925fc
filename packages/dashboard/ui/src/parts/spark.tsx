/** A course as a small picture. @param peak what fills the height, where several are compared */
export function Spark({
  values,
  tone,
  label,
  peak,
}: {
  readonly values: readonly number[]
  readonly tone: 'accent' | 'bad' | 'ok'
  readonly label: string
  readonly peak?: number
}) {
  const most = Math.max(peak ?? 0, ...values, 1e-9)
  const step = 100 / Math.max(1, values.length - 1)
  const points = values.map(
    (value, at) => `${(at * step).toFixed(1)},${(23 - (22 * value) / most).toFixed(1)}`,
  )
  return (
    <svg
      class={`spark ${tone}`}
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {values.length > 1 ? (
        <>
          <polygon points={`0,24 ${points.join(' ')} 100,24`} />
          <polyline points={points.join(' ')} vector-effect="non-scaling-stroke" />
        </>
      ) : null}
    </svg>
  )
}

/** A part of a whole. */
export function Meter({
  value,
  most,
  label,
  tone = 'accent',
}: {
  readonly value: number
  readonly most: number
  readonly label: string
  readonly tone?: 'accent' | 'bad' | 'ok' | 'warn'
}) {
  const part = most > 0 ? Math.min(1, value / most) : 0
  return (
    <svg class={`meter ${tone}`} viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect class="track" width="100" height="4" />
      <rect class="fill" width={100 * part} height="4" />
    </svg>
  )
}
