import { useSignal } from '@preact/signals'
import type { ComponentProps, ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'

type ChartProps = ComponentProps<typeof import('./chart.tsx').Chart>

let loaded: ComponentType<ChartProps> | undefined

/** The chart and its library come after the first page. */
export function LazyChart(props: ChartProps) {
  const ready = useSignal(loaded !== undefined)
  useEffect(() => {
    if (loaded) return
    void import('./chart.tsx').then(({ Chart }) => {
      loaded = Chart
      ready.value = true
    })
  }, [])
  const Chart = ready.value ? loaded : undefined
  return Chart ? <Chart {...props} /> : <div class="chart" />
}
