import type { Properties } from '../properties.ts'

/** A destination to start from. Values in angle brackets are to be filled in. */
export interface DestinationTemplate {
  readonly name: string
  readonly summary: string
  readonly properties: Properties
}

const http = (name: string, authentication: string, more: Properties): Properties => ({
  Name: name,
  Type: 'HTTP',
  Description: '',
  URL: 'https://<host>/<path>',
  ProxyType: 'Internet',
  Authentication: authentication,
  ...more,
})

const client = {
  clientId: '<client ID>',
  clientSecret: '<client secret>',
  tokenServiceURLType: 'Dedicated',
  tokenServiceURL: 'https://<token service>/oauth/token',
}

const onPremise = { URL: 'http://<virtual host>:<virtual port>', ProxyType: 'OnPremise' }

/** One template per authentication type of HTTP destinations, and per further type. */
export const destinationTemplates: readonly DestinationTemplate[] = [
  template('no-authentication', 'a public system', http('my-system', 'NoAuthentication', {})),
  template(
    'on-premise',
    'a system behind a Cloud Connector',
    http('my-backend', 'NoAuthentication', { ...onPremise, CloudConnectorLocationId: '' }),
  ),
  template(
    'basic',
    'user name and password',
    http('my-system', 'BasicAuthentication', { User: '<user>', Password: '<password>' }),
  ),
  template(
    'principal-propagation',
    'the user of the application logs on to an on-premise system',
    http('my-backend', 'PrincipalPropagation', onPremise),
  ),
  template(
    'client-certificate',
    'a client certificate',
    http('my-system', 'ClientCertificateAuthentication', {
      KeyStoreLocation: '<name>.p12',
      KeyStorePassword: '<password>',
    }),
  ),
  template('client-credentials', 'OAuth, for the application', http('my-api', 'OAuth2ClientCredentials', client)),
  template(
    'password',
    'OAuth, for a technical user',
    http('my-api', 'OAuth2Password', { ...client, User: '<user>', Password: '<password>' }),
  ),
  template('jwt-bearer', 'OAuth, for the user of the application', http('my-api', 'OAuth2JWTBearer', client)),
  template(
    'user-token-exchange',
    'OAuth, for the user of the application, at the same identity zone',
    http('my-api', 'OAuth2UserTokenExchange', client),
  ),
  template(
    'saml-bearer',
    'OAuth, for the user, by a SAML assertion',
    http('my-api', 'OAuth2SAMLBearerAssertion', {
      audience: '<entity ID of the service provider>',
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession',
      clientKey: '<client ID>',
      tokenServiceURLType: 'Dedicated',
      tokenServiceURL: 'https://<token service>/oauth/token',
      tokenServiceUser: '<client ID>',
      tokenServicePassword: '<client secret>',
      nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    }),
  ),
  template(
    'saml-assertion',
    'a SAML assertion in the request itself',
    http('my-system', 'SAMLAssertion', {
      audience: '<entity ID of the service provider>',
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession',
      assertionConsumerService: 'https://<host>/acs',
    }),
  ),
  template('refresh-token', 'OAuth, with a refresh token', http('my-api', 'OAuth2RefreshToken', client)),
  template('authorization-code', 'OAuth, with a code', http('my-api', 'OAuth2AuthorizationCode', client)),
  template(
    'technical-user-propagation',
    'a technical user logs on to an on-premise system',
    http('my-backend', 'OAuth2TechnicalUserPropagation', { ...onPremise, ...client }),
  ),
  template('rfc', 'an ABAP system over RFC', {
    Name: 'my-abap',
    Type: 'RFC',
    'jco.destination.proxy_type': 'OnPremise',
    'jco.client.ashost': '<virtual host>',
    'jco.client.sysnr': '00',
    'jco.client.client': '100',
    'jco.client.user': '<user>',
    'jco.client.passwd': '<password>',
  }),
  template('mail', 'a mail server', {
    Name: 'my-mail',
    Type: 'MAIL',
    ProxyType: 'Internet',
    Authentication: 'BasicAuthentication',
    'mail.smtp.host': '<host>',
    'mail.smtp.port': '587',
    'mail.smtp.starttls.enable': 'true',
    'mail.user': '<user>',
    'mail.password': '<password>',
  }),
  template('ldap', 'a directory', {
    Name: 'my-directory',
    Type: 'LDAP',
    ProxyType: 'OnPremise',
    'ldap.url': 'ldap://<virtual host>:<virtual port>',
    'ldap.authentication': 'NoAuthentication',
  }),
  template('tcp', 'a TCP service', {
    Name: 'my-service',
    Type: 'TCP',
    ProxyType: 'OnPremise',
    Address: '<virtual host>:<virtual port>',
  }),
]

function template(name: string, summary: string, properties: Properties): DestinationTemplate {
  return { name, summary, properties }
}
