export type { KerberosSettings, KerberosTickets } from './kerberos.ts'
export { Propagator } from './propagator.ts'
export {
  checkPropagationSettings,
  defaultPropagationSettings,
  type PropagationSettings,
  type PropagationSetup,
} from './settings.ts'
export { SubaccountPropagation } from './subaccount-propagation.ts'
export { subjectAttributes } from './subject-attributes.ts'
export {
  type ConditionOperator,
  conditionOperators,
  defaultSubjectRules,
  type SubjectCondition,
  type SubjectPatternRule,
  SubjectPatterns,
} from './subject-pattern.ts'
export { attributesOf, type TokenAttributes, type UserType } from './token-attributes.ts'
export { type IssuedUserCertificate, UserCertificates } from './user-certificates.ts'
