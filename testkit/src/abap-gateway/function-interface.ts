import type { AbapParameter } from './abap-system.ts'

/** A row of RFC_FUNINT in Unicode. */
export const functionRowBytes = 402

/** The rows that RFC_GET_FUNCTION_INTERFACE tells about parameters, which here are all of type CHAR. */
export function functionRows(parameters: readonly AbapParameter[], bytesPerCharacter: 1 | 2): Buffer[] {
  return parameters.map((parameter, index) => {
    const row = Buffer.alloc(functionRowBytes)
    row.write(blank('', functionRowBytes / 2), 'utf16le')
    row.write(blank(parameter.kind, 1), 0, 'utf16le')
    row.write(blank(parameter.name, 30), 2, 'utf16le')
    row.write(blank('C', 1), 182, 'utf16le')
    row.writeInt32LE(index + 1, 184)
    row.writeInt32LE(0, 188)
    row.writeInt32LE(parameter.length * bytesPerCharacter, 192)
    row.writeInt32LE(0, 196)
    row.write(blank('X', 1), 400, 'utf16le')
    return row
  })
}

function blank(text: string, characters: number): string {
  return text.padEnd(characters).slice(0, characters)
}
