import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { test } from 'node:test'
import type { LandbridgeClient } from '@landbridge/client'
import { found, startStandIn } from './stand-in.ts'

/** A token of a tenant; the client reads it, and does not verify what services verify. */
const tokenOf = (user: string) =>
  `e30.${Buffer.from(JSON.stringify({ zid: 'own', user_name: user })).toString('base64url')}.s`

test('work for a user finds for that user, in everything that it starts; other work has no user (RFC-020)', async () => {
  await using platform = await startStandIn()
  platform.answer(found('OAuth2UserTokenExchange', []))
  await using client = platform.client({ cache: { ttlMs: 0 } })
  const userOf = async () => {
    await client.findDestination('crm')
    return platform.finds.at(-1)?.headers['x-user-token']
  }
  const [ann, bob] = [tokenOf('ann'), tokenOf('bob')]
  assert.equal(await userOf(), undefined)
  assert.equal(await client.runAsUser(ann, userOf), ann)
  await client.runAsUser(ann, async () => {
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(await userOf(), ann, 'after a wait')
    assert.equal(await client.runAsUser(bob, userOf), bob, 'within')
    assert.equal(await client.runAsUser(undefined, userOf), undefined, 'taken away')
    await client.findDestination('crm', { userToken: bob })
    assert.equal(platform.finds.at(-1)?.headers['x-user-token'], bob, 'named by the call')
  })
  assert.equal(await userOf(), undefined)
})

test('a worker that serves one user after the other never has the user of the task before (RFC-020, RFC-021)', async () => {
  await using platform = await startStandIn()
  platform.answer(found('OAuth2UserTokenExchange', []))
  await using client = platform.client({ cache: { ttlMs: 0 } })
  const worker = startWorker(client)
  for (const user of ['ann', undefined, 'bob', undefined]) {
    const token = user === undefined ? undefined : tokenOf(user)
    const done = once(worker, 'done')
    client.runAsUser(tokenOf('whoever asks'), () => worker.emit('task', token))
    await done
    assert.equal(platform.finds.at(-1)?.headers['x-user-token'], token)
  }
})

/** Takes its tasks from a queue, so that nothing it does is started by who asked. */
function startWorker(client: LandbridgeClient): EventEmitter {
  const worker = new EventEmitter()
  const queue: (string | undefined)[] = []
  let wake = (): void => {}
  worker.on('task', (token?: string) => {
    queue.push(token)
    wake()
  })
  const work = async (): Promise<never> => {
    for (;;) {
      if (queue.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      const token = queue.shift()
      const find = () => client.findDestination('crm')
      await (token === undefined ? find() : client.runAsUser(token, find))
      worker.emit('done')
    }
  }
  void work()
  return worker
}

test('what a cache answered, what was repeated and what served while a service was out is counted (RFC-159)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client({ cache: { ttlMs: 60_000 } })
  assert.deepEqual(client.statistics.destinations, { hits: 0, misses: 0, stale: 0 })
  platform.answer(503, found('NoAuthentication', []))
  await client.findDestination('crm')
  await client.findDestination('crm')
  const { destinations, tokens, repetitions, circuits } = client.statistics
  assert.deepEqual(destinations, { hits: 1, misses: 1, stale: 0 })
  assert.deepEqual([tokens.misses, repetitions], [1, 1])
  assert.ok(Object.values(circuits).every((phase) => phase === 'closed'))
})

test('a list is read page by page to its end, and an entry that moved between pages is told once (RFC-157)', async () => {
  await using platform = await startStandIn()
  await using client = platform.client()
  const entries = (from: number, count: number) => Array.from({ length: count }, (_, i) => ({ Name: `d${from + i}` }))
  platform.answer(entries(0, 100), entries(99, 100), entries(199, 42))
  const all = await client.listDestinations({ level: 'instance' })
  assert.deepEqual(
    all.map(({ Name }) => Name),
    entries(0, 241).map(({ Name }) => Name),
  )
  assert.deepEqual(
    platform.finds.map(({ path }) => path.split('?')[1]),
    [1, 2, 3].map((page) => `$page=${page}&$pageSize=100`),
  )
  platform.answer(entries(0, 100))
  assert.equal((await client.listDestinations()).length, 100, 'a service without pages')
  platform.answer({ no: 'list' })
  await assert.rejects(client.listDestinations(), { code: 'CLIENT_DESTINATION_REFUSED' })
  await assert.rejects(client.listDestinations({ pageSize: 0 }), RangeError)
})
