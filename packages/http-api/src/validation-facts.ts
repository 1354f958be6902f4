/** What the validator (Ajv, all errors) says of one value. */
export interface ValidationError {
  readonly instancePath: string
  readonly schemaPath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string
}

/**
 * Field and reason for people. Of a choice the validator reports every branch: those that a constant rules out are left
 * out, and when all are, what can be chosen is named once.
 * @param context part of the request: body, querystring, params or headers
 */
export function validationFacts(
  errors: readonly ValidationError[],
  context: string,
): { field: string; reason: string } {
  const told = errors.filter(({ keyword }) => keyword === 'anyOf').reduce(withoutOtherBranches, errors)
  return {
    field: unique(told.map(({ instancePath }) => `${context}${instancePath}`)).join(', '),
    reason: unique(told.map(words)).join('; '),
  }
}

function withoutOtherBranches(errors: readonly ValidationError[], choice: ValidationError): readonly ValidationError[] {
  const base = `${choice.schemaPath}/`
  const isInside = ({ schemaPath }: ValidationError) => schemaPath.startsWith(base)
  const others = errors.filter((error) => error !== choice && !isInside(error))
  const inside = errors.filter(isInside)
  const branches = Map.groupBy(inside, ({ schemaPath }) => schemaPath.slice(base.length).split('/')[0])
  const meant = [...branches.values()].filter((branch) => !branch.some(isConstant))
  if (meant.length > 0) return [...others, ...meant.flat()]
  const [first, ...more] = inside.filter(isConstant)
  if (first === undefined) return [...others, choice]
  const { instancePath } = first
  const allowed = [first, ...more].filter((error) => error.instancePath === instancePath)
  const values = unique(allowed.map(({ params }) => String(params.allowedValue)))
  return [...others, { ...choice, instancePath, message: `must be one of ${values.join(', ')}` }]
}

function isConstant({ keyword }: ValidationError): boolean {
  return keyword === 'const'
}

function words({ message = 'is not valid', params }: ValidationError): string {
  const { additionalProperty } = params
  return typeof additionalProperty === 'string' ? `${message} (${additionalProperty.slice(0, 100)})` : message
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
