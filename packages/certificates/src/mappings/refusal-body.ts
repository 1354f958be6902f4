/**
 * The body of a 401 for a client certificate that nobody is known by, the same at every service. Clients and people
 * search for this code.
 */
export const invalidClientCertificateBody = {
  error: {
    code: 'AuthenticationFailed',
    message: 'Authentication service failed to return token.',
    details: '[AUTH0032]Invalid client certificate',
  },
} as const
