export {
  type Availability,
  type AvailabilityDetail,
  type AvailabilityOptions,
  checkAvailability,
  type TlsFinding,
} from './availability.ts'
