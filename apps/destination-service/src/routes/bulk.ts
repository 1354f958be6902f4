import { isPlatformError, toProblem } from '@landbridge/kernel'
import type { FastifyReply } from 'fastify'
import { errorMessage } from '../error-body.ts'

/** One element of the answer to a request with several configurations. */
type BulkResult =
  | { readonly name: string; readonly status: number; readonly etag: string }
  | { readonly name: string; readonly status: number; readonly cause: string }

/**
 * Writes each element on its own: one that fails leaves the others done. Answers `status` when all succeed, else 207.
 * @param write returns the entity tag; what it throws becomes the element's `cause`
 */
export async function answerBulk(
  reply: FastifyReply,
  status: number,
  elements: readonly unknown[],
  write: (element: unknown) => Promise<string>,
): Promise<FastifyReply> {
  const results: BulkResult[] = []
  for (const element of elements) {
    const name = nameOf(element)
    try {
      results.push({ name, status, etag: await write(element) })
    } catch (failure) {
      if (!isPlatformError(failure)) throw failure
      const problem = toProblem(failure)
      results.push({ name, status: problem.status, cause: errorMessage(problem, failure) })
    }
  }
  return reply.code(results.some((result) => 'cause' in result) ? 207 : status).send(results)
}

function nameOf(element: unknown): string {
  return typeof element === 'object' && element !== null && 'Name' in element ? String(element.Name) : ''
}
