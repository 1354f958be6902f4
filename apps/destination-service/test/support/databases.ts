export { type NewUrl, onEveryDatabase } from '@landbridge/testkit'
