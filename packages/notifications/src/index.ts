export { composeAlert, isSignedAlert, signAlert, signatureHeader } from './alert.ts'
export { type CertificateNews, type NewsCertificate, type NewsKind, newsKinds } from './certificate-news.ts'
export { DeliveryQueue, type DeliveryQueueOptions, type Sender, type SendOutcome } from './delivery-queue.ts'
export { composeMail, isMailAddress, type Mail } from './mail.ts'
export {
  type MailTemplate,
  type MailTemplates,
  subjectPattern,
  templatePattern,
  templatePlaceholders,
} from './mail-templates.ts'
export { composeMessage, type Message, subjectOf } from './message.ts'
export type {
  Channel,
  Delivery,
  DeliveryFilter,
  DeliveryState,
  ItContact,
  KeyUser,
  MailSubscription,
  Notification,
  NotificationFilter,
  NotificationState,
  Webhook,
} from './notification.ts'
export { NotificationCentre, type NotificationCentreOptions } from './notification-centre.ts'
export { NotificationJob, type NotificationJobOptions } from './notification-job.ts'
export type { DeliveryResult, Derived, NotificationStore } from './notification-store.ts'
