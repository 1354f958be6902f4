/** Roles of the REST API (guide L31655) and the Subaccount Administrator, whom its operations name as well. */
export const roles = ['Administrator', 'SubaccountAdministrator', 'Display', 'Support', 'Monitoring'] as const
export type Role = (typeof roles)[number]

const everyone: readonly Role[] = roles
const readers: readonly Role[] = ['Administrator', 'SubaccountAdministrator', 'Display', 'Support']
const ofConnector: readonly Role[] = ['Administrator', 'Display', 'Support']
const ofSubaccounts: readonly Role[] = ['Administrator', 'SubaccountAdministrator']
const supporters: readonly Role[] = ['Administrator', 'Support']
const administrators: readonly Role[] = ['Administrator']
const observers: readonly Role[] = ['Administrator', 'Monitoring']

interface Rule {
  readonly method: RegExp
  readonly path: RegExp
  readonly roles: readonly Role[]
}

const read = /^(GET|HEAD)$/
const any = /^/

/** Who may call what; the first rule that fits counts. The lists are those of the operations, not of the overview. */
const rules: readonly Rule[] = [
  { method: any, path: /^\/api\/v1\/landbridge\/(session|about)$/, roles: everyone },
  // Traces tell of the data of others, and payload traces of all of it.
  { method: read, path: /^\/api\/v1\/landbridge\/subaccounts\/[^/]+\/[^/]+\/traces(\/|$)/, roles: supporters },
  {
    method: /^PUT$/,
    path: /^\/api\/v1\/configuration\/subaccounts\/[^/]+\/[^/]+\/payloadTrace$/,
    roles: administrators,
  },
  { method: read, path: /^\/api\/v1\/landbridge\/(subaccounts|regions)(\/|$)/, roles: readers },
  {
    method: any,
    path: /^\/api\/v1\/landbridge\/subaccounts\/[^/]+\/[^/]+\/(traffic|connectionLimits)(\/|$)/,
    roles: ofSubaccounts,
  },
  { method: read, path: /^\/api\/v1\/landbridge\//, roles: ofConnector },
  { method: read, path: /^\/api\/monitoring\//, roles: observers },
  { method: read, path: /^\/api\/v1\/connector\/version$/, roles: readers },
  { method: read, path: /^\/api\/v1\/configuration\/(connector|availableCipherSuites)$/, roles: readers },
  { method: read, path: /^\/api\/v1\/configuration\/connector\/ui\/(ui)?cipherSuites$/i, roles: readers },
  { method: read, path: /^\/api\/v1\/configuration\/connector\/onPremises?\/truststore/, roles: readers },
  { method: read, path: /\/connector\/solutionManagement\/registrationFile$/, roles: supporters },
  { method: read, path: /^\/api\/v1\/configuration\/connector\//, roles: ofConnector },
  { method: any, path: /^\/api\/v1\/configuration\/connector\/solutionManagement$/, roles: supporters },
  { method: read, path: /^\/api\/v1\/configuration\/subaccounts\/[^/]+\/[^/]+\/trust\/[^/]+\/./, roles: ofSubaccounts },
  { method: read, path: /^\/api\/v1\/configuration\/subaccounts(\/|$)/, roles: readers },
  { method: any, path: /^\/api\/v1\/configuration\/subaccounts(\/|$)/, roles: ofSubaccounts },
]

/** Whether one of the roles may call an operation; what no rule names is for administrators. */
export function isPermitted(method: string, path: string, held: readonly Role[]): boolean {
  const rule = rules.find((candidate) => candidate.method.test(method) && candidate.path.test(path))
  return (rule?.roles ?? administrators).some((role) => held.includes(role))
}
