import { invalidClientCertificateBody } from '@landbridge/certificates'
import { isPlatformError, type Problem } from '@landbridge/kernel'

/** The error body of the published contract. Clients compare some of these texts literally, so nothing is added. */
export function errorBody(problem: Problem, thrown: unknown): { contentType: string; body: unknown } {
  if (isPlatformError(thrown, 'CLIENT_CERTIFICATE_REFUSED'))
    return { contentType: 'application/json', body: invalidClientCertificateBody }
  return { contentType: 'application/json', body: { ErrorMessage: errorMessage(problem, thrown) } }
}

/** One sentence: the title, and what of the facts a client may see. */
export function errorMessage(problem: Problem, thrown: unknown): string {
  if (isPlatformError(thrown, 'DESTINATION_IN_USE'))
    return (
      `Cannot perform operation on the destination '${String(thrown.facts.name)}' because it is used as an ` +
      `assertion provider for destination '${String(thrown.facts.usedBy)}'`
    )
  if (isPlatformError(thrown, 'DESTINATION_REMOVAL_REFUSED'))
    return `${problem.title} "[${String(thrown.facts.name)}]".`
  if (isPlatformError(thrown, 'DESTINATION_TRUST_ABSENT')) {
    const kind = thrown.facts.role === 'passive' ? 'Passive Keypair' : 'Keypair'
    return `${kind} for subaccount - ${String(thrown.facts.subaccountId)} does not exist`
  }
  // The one text of the contract that ends in a full stop.
  if (isPlatformError(thrown, 'DESTINATION_CALLER_UNREADABLE')) return `${problem.title}.`
  const detail = detailOf(problem)
  return detail === '' ? problem.title : `${problem.title}: ${detail}`
}

function detailOf({ problems, parameter, field, fragment, reason }: Problem): string {
  if (Array.isArray(problems)) return problems.join('; ')
  return [parameter, field, fragment, reason].filter((fact) => typeof fact === 'string').join(': ')
}
