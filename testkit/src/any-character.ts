import type { Arbitrary, nat } from 'fast-check'

const surrogates = { first: 0xd800, count: 0x800 }

/**
 * Any character of Unicode, for `fc.string({ unit: anyCharacter(fc) })`: the values of `unit: 'binary'` without its table of
 * all of them, which takes a second of processor time in every process.
 * @param fc the library, which only tests with properties load
 */
export function anyCharacter(fc: { readonly nat: typeof nat }): Arbitrary<string> {
  return fc.nat(0x10ffff - surrogates.count).map(
    (n) => String.fromCodePoint(n < surrogates.first ? n : n + surrogates.count),
    (text) => {
      const point = typeof text === 'string' ? (text.codePointAt(0) ?? -1) : -1
      if (text !== String.fromCodePoint(Math.max(0, point))) throw new Error('not one character')
      return point < surrogates.first ? point : point - surrogates.count
    },
  )
}
