import type { ComponentChildren } from 'preact'

/** A column of a table. Where rows become cards, on a narrow screen, its name stands above each value. */
export interface Column<Row> {
  readonly name: string
  /** Stands in the head in place of the name, which is not shown above values then either. */
  readonly head?: ComponentChildren
  /** The name is only read out, not shown. */
  readonly unseen?: boolean
  /** `row` tells one row from the next, `broad` takes a line of its own on a card. @default a text */
  readonly kind?: 'row' | 'number' | 'wide' | 'broad' | 'buttons'
  /** Further classes of a value: `faint`, `bad`, `mono`. */
  readonly tone?: string | ((row: Row) => string)
  /** Told on hovering. */
  readonly title?: (row: Row) => string
  readonly cell: (row: Row) => ComponentChildren
}

interface DataTableProps<Row> {
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row, at: number) => string
  readonly isChosen?: (row: Row) => boolean
  /** Four values side by side on a card in place of three. */
  readonly dense?: boolean
}

const classes = { row: '', number: 'num', wide: 'wide', broad: 'broad', buttons: 'row-actions' } as const

/** A table, or cards one below the other where it would be too wide. */
export function DataTable<Row>({ columns, rows, keyOf, isChosen, dense }: DataTableProps<Row>) {
  return (
    <div class="table-box">
      <table class={dense ? 'table cards dense' : 'table cards'}>
        <thead>
          <tr>
            {columns.map(({ name, head, unseen, kind }) => (
              <th key={name} scope="col" class={kind === 'buttons' ? '' : kind && classes[kind]}>
                {head ?? (unseen ? <span class="offscreen">{name}</span> : name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={keyOf(row, at)} class={isChosen?.(row) ? 'chosen' : ''}>
              {columns.map((column) => (
                <Cell key={column.name} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** A component of its own: what tells the time is made anew each second, and nothing around it. */
function Cell<Row>({ column, row }: { readonly column: Column<Row>; readonly row: Row }) {
  const { name, head, unseen, kind, tone, title, cell } = column
  if (kind === 'row') return <th scope="row">{cell(row)}</th>
  const look = typeof tone === 'function' ? tone(row) : (tone ?? '')
  return (
    <td
      class={`${kind ? classes[kind] : ''} ${look}`.trim()}
      data-label={head === undefined && !unseen ? name : undefined}
      title={title?.(row)}
    >
      {cell(row)}
    </td>
  )
}
