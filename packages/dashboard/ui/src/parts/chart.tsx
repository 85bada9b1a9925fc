import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { themeChanges } from '../lib/theme.ts'

interface Series {
  readonly label: string
  /** A custom property of the page: `--ok`. */
  readonly color: string
  readonly values: readonly (number | null)[]
  readonly fill?: boolean
}

interface ChartProps {
  /** In milliseconds since 1970. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  readonly label: string
  readonly height?: number
}

const font = '11px system-ui, sans-serif'

/** Lines over time, painted. The table beside it says the same in words. */
export function Chart({ times, series, format, label, height = 170 }: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | undefined>(undefined)
  const painted = themeChanges.value
  const shape = series.map((one) => one.label).join('\n')
  const data = [times.map((time) => time / 1_000), ...series.map(({ values }) => values)] as uPlot.AlignedData
  const latest = useRef(data)
  latest.current = data

  useEffect(() => {
    const element = host.current
    if (!element) return
    const color = colorsOf(element)
    const options = optionsOf(element.clientWidth, height, series, format, color)
    const made = new uPlot(options, latest.current, element)
    chart.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
      chart.current = undefined
    }
    // Painted anew when it shows something else, or in other colours.
  }, [shape, painted, height])

  useEffect(() => {
    chart.current?.setData(data)
  }, [times, series])

  return <div class="chart" ref={host} role="img" aria-label={label} />
}

function optionsOf(
  width: number,
  height: number,
  series: readonly Series[],
  format: (value: number) => string,
  color: (name: string) => string,
): uPlot.Options {
  const axis = {
    stroke: color('--muted'),
    font,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width,
    height,
    padding: [8, 26, 0, 0],
    cursor: { points: { size: 6 }, drag: { x: false, y: false }, y: false },
    legend: { live: true },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: 26, values: timeLabels },
      { ...axis, size: 58, values: (_, values) => values.map(format) },
    ],
    series: [
      { label: '', value: (_, at) => (at == null ? '' : new Date(at * 1_000).toLocaleString()) },
      ...series.map(({ label, color: name, fill }) => ({
        label,
        stroke: color(name),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
        value: (_: uPlot, value: number | null) => (value == null ? '' : format(value)),
        ...(fill ? { fill: color(`${name}-soft`) } : {}),
      })),
    ],
  }
}

function timeLabels(chart: uPlot, splits: number[]): string[] {
  const [first = 0, last = 0] = [chart.scales['x']?.min ?? 0, chart.scales['x']?.max ?? 0]
  const withDay = last - first > 36 * 3_600
  return splits.map((at) => {
    const date = new Date(at * 1_000)
    if (withDay) return date.toLocaleDateString(undefined, { month: 'short', day: 'numeric' })
    return date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })
  })
}

/** Canvas does not know custom properties, nor `light-dark()`: ask an element what it comes to. */
function colorsOf(element: HTMLElement): (name: string) => string {
  const probe = document.createElement('span')
  element.append(probe)
  const found = new Map<string, string>()
  return (name) => {
    const known = found.get(name)
    if (known !== undefined) return known
    probe.style.color = `var(${name})`
    const { color } = getComputedStyle(probe)
    found.set(name, color)
    return color
  }
}
