/** What an error body says, in words: OAuth and broker errors, problem documents, and those of the destination service. */
export function refusal(text: string): string {
  try {
    const body = JSON.parse(text) as Readonly<Record<string, unknown>>
    const { detail, message, pattern, user } = body
    const { description, title, remedy, ErrorMessage, error_description } = body
    const { reason, field, callback, callbackStatus, problems, bindings } = body
    const more = [
      field,
      callback,
      callbackStatus,
      reason,
      problems,
      bindings,
      ...(detail === undefined ? [pattern, user] : []),
    ]
      .filter((fact) => fact !== undefined)
      .flat()
    const words = [description ?? ErrorMessage ?? error_description ?? detail ?? title ?? message, ...more].filter(
      (fact) => fact !== undefined,
    )
    if (words.length === 0) return text.slice(0, 500)
    const help = typeof remedy === 'string' ? `. ${remedy}` : ''
    return `${words.join('; ')}${help}`.slice(0, 2_000)
  } catch {
    return text.slice(0, 500)
  }
}
