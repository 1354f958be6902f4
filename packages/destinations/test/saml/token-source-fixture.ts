import { staticKeySource, TokenVerifier, toVerifiedToken, type VerifiedToken } from '@landbridge/identity'
import { createLog, ManualClock } from '@landbridge/kernel'
import {
  type AuthToken,
  type CertificateStore,
  type Properties,
  SubaccountTrust,
  type TokenRequest,
  TokenSource,
  type TrustKeyPair,
  type TrustStore,
} from '../../src/index.ts'

const level = { kind: 'subaccount', subaccountId: 's1', instanceId: '' } as const

/** Tokens of destinations that no store has checked, with stores in memory and a token service that records. */
export function tokenSourceFixture(files: Readonly<Record<string, Buffer>> = {}) {
  const clock = new ManualClock()
  const requests: TokenRequest[] = []
  const log: string[] = []
  const verifier = new TokenVerifier({ keys: staticKeySource({ keys: [] }), clock, acceptIssuer: () => false })
  const trust = new SubaccountTrust({ store: memoryTrustStore(), clock, issuerPrefix: 'cfapps.test', keySize: 2048 })
  const source = new TokenSource({
    endpoint: {
      async send(request) {
        requests.push(request)
        return { status: 200, body: JSON.stringify({ access_token: 't', expires_in: 3600 }) }
      },
    },
    verifier,
    trust,
    destinations: { find: async () => undefined },
    certificates: certificateStore(files),
    clock,
    log: createLog((...line) => log.push(JSON.stringify(line)), 'debug'),
    cacheEntries: 10,
  })
  return {
    clock,
    requests,
    log,
    trust,
    async token(properties: Properties, claims: object = {}): Promise<AuthToken> {
      const all = { Name: 'd', Type: 'HTTP', URL: 'https://x.test', ...properties }
      const destination = { level, name: 'd', properties: all, etag: JSON.stringify(all), modifiedAtMs: 0 }
      const [token] = await source.tokens(destination, tokenOf(claims), {})
      return token!
    },
  }
}

function tokenOf(claims: object): VerifiedToken {
  return toVerifiedToken(JSON.stringify(claims), { exp: 4_000_000_000, ...claims })
}

function memoryTrustStore(): TrustStore {
  const pairs = new Map<string, TrustKeyPair>()
  return {
    find: async (subaccountId, role) => pairs.get(`${subaccountId}/${role}`),
    certificates: async () => [],
    save: async (subaccountId, role, pair) => void pairs.set(`${subaccountId}/${role}`, pair),
    removePassive: async (subaccountId) => pairs.delete(`${subaccountId}/passive`),
    swap: async () => false,
  }
}

function certificateStore(files: Readonly<Record<string, Buffer>>): Pick<CertificateStore, 'find'> {
  return {
    async find(_level, name) {
      const content = files[name]
      return content === undefined ? undefined : { level, name, content, etag: name, modifiedAtMs: 0 }
    },
  }
}
