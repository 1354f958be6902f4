import { stripVTControlCharacters } from 'node:util'

/**
 * Lays rows out in columns that align. The last column is not padded, so no line ends in spaces. Rows may be
 * shorter than others. Widths count characters, escape sequences of colours not included.
 */
export function table(rows: readonly (readonly string[])[], indent = '  '): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell))
    })
  return rows.map((row) => `${indent}${line(row, widths)}`.trimEnd()).join('\n')
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) =>
      column === row.length - 1 ? cell : cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))),
    )
    .join('  ')
}

function width(cell: string): number {
  return [...stripVTControlCharacters(cell)].length
}
