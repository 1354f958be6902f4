import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anyCharacter } from '@landbridge/testkit'
import fc, { unshrunk } from '@landbridge/testkit/properties'
import { type Attack, Attacker, type Target } from './attack.ts'
import { type RawBody, rawBodies, tooLarge } from './bodies.ts'
import { rawRequests, sendRaw } from './raw-http.ts'
import type { Route } from './routes.ts'
import { anyBody, anyText } from './values.ts'

const segments = fc.oneof(
  fc.constantFrom('..', '%2e%2e', '%zz', '%', '%00', '%ff', 'a%2Fb', '+2B', '-1', '*', '%20', 'x'.repeat(3_000)),
  fc.string({ unit: anyCharacter(fc), maxLength: 20 }).map(encoded),
)

/** Header lines that are no credentials. */
const headers: fc.Arbitrary<Readonly<Record<string, string>>> = fc.constantFrom<Readonly<Record<string, string>>>(
  ...[{}, {}, {}, { 'if-match': '"' }, { 'if-none-match': '*' }, { accept: ';;q=x' }, { accept: 'x/y' }],
  ...[{ 'x-correlationid': 'x'.repeat(5_000) }, { 'accept-encoding': '*;q=0' }, { 'accept-language': '\xff,,' }],
  ...[{ authorization: 'Bearer' }, { authorization: 'Basic %%%' }, { authorization: `Bearer ${'.'.repeat(9_000)}` }],
  ...[{ authorization: `Basic ${btoa('a'.repeat(9_000))}` }, { authorization: `Bearer ${btoa('{}')}.e30.` }],
  ...[{ 'x-zid': '../..' }, { host: 'x.y..z:99999' }, { range: 'bytes=9-1' }, { cookie: '=;=;;a=b=c' }],
)

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function takesBody({ method }: Route): boolean {
  return method !== 'GET' && method !== 'OPTIONS'
}

function pathOf(target: Target, route: Route): fc.Arbitrary<string> {
  const names = [...route.url.matchAll(/:(\w+)|\*/g)].map(([whole, name]) => name ?? whole)
  const existing = names.map((name) => {
    const values = target.parameters(route, name)
    return values.length === 0 ? segments : fc.constantFrom(...values.map(encoded))
  })
  return fc.tuple(...existing).map((values) => {
    let at = 0
    return route.url.replaceAll(/:\w+|\*/g, () => values[at++] ?? '')
  })
}

/** Paths whose parameters name nothing, or are no names at all, and queries of any kind. */
function anyPath(target: Target, route: Route): fc.Arbitrary<string> {
  const parameter = fc.oneof(segments, fc.constantFrom(...target.known, 'x').map(encoded))
  const members = Object.keys(route.query?.properties ?? {})
  const name = fc.constantFrom(...members, '$filter', '$page', '$pageSize', 'limit', 'client_id', '__proto__', 'a[b]')
  const query = fc.array(fc.tuple(name, anyText(target.known)), { maxLength: 4 }).map((pairs) =>
    // Longer request heads are refused before there is a route.
    new URLSearchParams(
      pairs.map(([key, value]): [string, string] => [key, value.slice(0, 2_000).toWellFormed()]),
    ).toString(),
  )
  return fc
    .tuple(fc.array(parameter, { minLength: 6, maxLength: 6 }), pathOf(target, route), fc.boolean(), query)
    .map(([parameters, path, keeps, search]) => {
      let at = 0
      const where = keeps ? path : route.url.replaceAll(/:\w+|\*/g, () => parameters[at++] ?? '')
      return search === '' ? where : `${where}?${search}`
    })
}

/**
 * Defines the tests that hold for every service: whatever arrives at whatever route, the answer comes soon, is one of
 * the contract, tells no secret and no stack, and what was refused changed nothing.
 * @param target the service, once it runs; each test asks for it
 * @param few how many bodies and how many paths are tried in a usual run
 */
export function defineHostileInput(
  target: () => Target,
  few: { readonly bodies: number; readonly paths: number },
): void {
  const withAttacker = async (attack: (attacker: Attacker, all: readonly Route[]) => Promise<void>): Promise<void> => {
    const attacker = new Attacker(target())
    assert.ok(attacker.target.routes.length > 0, 'no route was found')
    try {
      await attack(attacker, attacker.target.routes)
    } finally {
      await attacker.close()
    }
  }
  const bodies = (route: Route): fc.Arbitrary<RawBody> =>
    target().bodies?.(route) ??
    anyBody(route.body, target().known).map((body) => ({
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }))
  const attackOf = (route: Route): fc.Arbitrary<Attack> =>
    fc.tuple(pathOf(target(), route), bodies(route)).map(([path, body]) => ({ route, path, ...body }))

  test('bodies of wrong types, names and shapes are refused or understood, and a refusal changes nothing', () =>
    withAttacker(async (attacker, all) => {
      const attacks = fc.constantFrom(...all.filter(takesBody)).chain(attackOf)
      await fc.assert(
        fc.asyncProperty(attacks, (attack) => attacker.attack(attack)),
        unshrunk(few.bodies),
      )
    }))

  test('paths, queries and header lines of any kind find nothing or what they name', () =>
    withAttacker(async (attacker, all) => {
      const attacks = fc.constantFrom(...all).chain((route) =>
        fc.tuple(anyPath(target(), route), headers).map(([path, lines]) => ({
          route,
          path,
          ...(takesBody(route)
            ? { body: '{}', headers: { 'content-type': 'application/json', ...lines } }
            : { headers: lines }),
        })),
      )
      await fc.assert(
        fc.asyncProperty(attacks, (attack) => attacker.attack(attack)),
        unshrunk(few.paths),
      )
    }))

  test('bodies that are too deep, too large, cut off, in another encoding or of another type are refused at every route', () =>
    withAttacker(async (attacker, all) => {
      const routes = all.filter(takesBody)
      // Each route gets a share of the bodies, its neighbours the others.
      const share = Math.max(1, Math.min(8, Math.floor(routes.length / 2)))
      for (const [index, route] of routes.entries()) {
        const [path = '/'] = fc.sample(pathOf(target(), route), 1)
        for (let at = index % share; at < rawBodies.length; at += share)
          await attacker.attack({ route, path, ...rawBodies[at] })
        if (index % 5 === 0) await attacker.attack({ route, path, ...tooLarge, isTooLarge: true })
      }
    }))

  test('what is no HTTP is refused or cut off, and the service answers the next one', async () => {
    for (const bytes of rawRequests) {
      const answer = await sendRaw(target(), bytes)
      assert.doesNotMatch(answer, /^HTTP\/1\.1 5/, `${JSON.stringify(String(bytes).slice(0, 100))}: ${answer}`)
      assert.doesNotMatch(answer, /"stack"|\n\s+at .+:\d+:\d+/)
    }
    assert.deepEqual(target().unexplained.splice(0), [])
  })
}
