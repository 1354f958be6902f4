import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc, { runs } from '@landbridge/testkit/properties'
import { zipSync } from 'fflate'
import { fromZip, toZip, ZipRefusal } from '../src/wire/zip.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/)
const texts = fc.dictionary(name, fc.string({ unit: 'grapheme', maxLength: 2_000 }), { maxKeys: 4 })

/** The texts, or why they are not read; anything but a refusal fails the test. */
async function read(archive: Buffer, unpackedBytes = 100_000): Promise<ReadonlyMap<string, string> | string> {
  try {
    return await fromZip(archive, { entries: 10, unpackedBytes })
  } catch (failure) {
    assert.ok(failure instanceof ZipRefusal, String(failure))
    return failure.message
  }
}

describe('ZIP archives from outside', () => {
  test('what was packed is unpacked', () =>
    fc.assert(
      fc.asyncProperty(texts, async (entries) => {
        const packed = new Map(Object.entries(entries))
        assert.deepEqual(await read(toZip(packed)), packed)
      }),
      runs(200),
    ))

  test('a changed byte is refused or changes nothing, however it is placed', () => {
    const archive = toZip(new Map([['access-control.json', JSON.stringify({ a: 'b'.repeat(300), c: 'déf' })]]))
    return fc.assert(
      fc.asyncProperty(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(archive)
        bytes[at] = (bytes[at] ?? 0) ^ change
        const found = await read(bytes)
        // The name alone has no checksum; whoever wants a certain name finds that it is another one.
        if (typeof found !== 'string') assert.deepEqual([...found.values()], [...(await fromZip(archive)).values()])
      }),
      runs(1_000),
    )
  })

  test('an entry that the directory counts out is missed, not lost', async () => {
    const archive = toZip(new Map(Object.entries({ a: 'one', b: 'two' })))
    const end = archive.lastIndexOf('PK\u0005\u0006')
    for (const entries of [0, 1]) {
      archive.writeUInt16LE(entries, end + 8)
      archive.writeUInt16LE(entries, end + 10)
      assert.match(String(await read(archive)), /damaged/)
    }
  })

  test('any bytes, cut archives and archives behind other bytes are read or refused', async () => {
    const archive = toZip(new Map([['a', 'text']]))
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(archive.length), async (bytes, cut) => {
        await read(Buffer.from(bytes))
        await read(archive.subarray(0, cut))
        await read(Buffer.concat([bytes, archive]))
        await read(Buffer.concat([archive, bytes]))
      }),
      runs(300),
    )
  })

  test('an entry may not unpack to more than is left, whatever it says about its size', async () => {
    const bomb = toZip(new Map([['a', 'x'.repeat(1_000_000)]]))
    assert.equal(await read(bomb), 'is too large once unpacked')
    const directory = bomb.lastIndexOf('PK\u0001\u0002')
    for (const said of [0, 1, 50_000, 0x7fffffff]) {
      const lying = Buffer.from(bomb)
      lying.writeUInt32LE(said, directory + 24)
      assert.equal(typeof (await read(lying)), 'string', String(said))
    }
    const parts = new Map(['a', 'b', 'c'].map((entry) => [entry, 'x'.repeat(40_000)]))
    assert.equal(await read(toZip(parts)), 'is too large once unpacked')
    assert.equal((await read(toZip(parts), 120_000)).valueOf() instanceof Map, true)
  })

  test('names that lead elsewhere, folders, too many entries and doubled ones are refused', async () => {
    for (const bad of ['../a', '/a', 'a/../../b', 'c:/a', 'a\\b'])
      assert.equal(await read(toZip(new Map([[bad, '']]))), 'is damaged, or has names that lead elsewhere', bad)
    assert.equal(await read(Buffer.from(zipSync({ 'folder/': new Uint8Array() }))), 'holds folders')
    const many = new Map(Array.from({ length: 11 }, (_, n) => [`e${n}`, '']))
    assert.equal(await read(toZip(many)), 'has more than 10 entries')
    const doubled = Buffer.from(zipSync({ xa: Buffer.from('1'), xb: Buffer.from('2') }))
    for (let at = doubled.indexOf('xb'); at >= 0; at = doubled.indexOf('xb')) doubled.write('xa', at)
    assert.equal(await read(doubled), 'has the entry xa twice')
  })
})
