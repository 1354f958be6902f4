// An application with the SAP Cloud SDK, unchanged. It runs in a process of its own because bindings and trusted
// authorities belong to a process. Every message of its parent is one call; the answer carries what the SDK gave.
import { DestinationSelectionStrategies, getDestination } from '@sap-cloud-sdk/connectivity'
import { executeHttpRequest } from '@sap-cloud-sdk/http-client'

process.on('message', async ({ id, action, destination, jwt, strategy, lookup, request, options }) => {
  const source = {
    destinationName: destination,
    ...(jwt === undefined ? {} : { jwt }),
    ...(strategy === undefined ? {} : { selectionStrategy: DestinationSelectionStrategies[strategy] }),
    ...lookup,
  }
  const work =
    action === 'find'
      ? getDestination(source).then(foundDestination)
      : executeHttpRequest(source, { method: 'get', ...request }, options).then(({ status, data, headers }) => ({
          status,
          data,
          headers,
        }))
  process.send({ id, ...(await work.catch(failureOf)) })
})
process.on('disconnect', () => process.exit(0))
process.send('ready')

function foundDestination(found) {
  if (found === null) return { found: null }
  const { name, url, authentication, proxyType, cloudConnectorLocationId, authTokens, proxyConfiguration } = found
  const proxy = proxyConfiguration && {
    host: proxyConfiguration.host,
    port: proxyConfiguration.port,
    headers: Object.keys(proxyConfiguration.headers ?? {}),
  }
  const certificates = found.certificates?.map((certificate) => ({ ...certificate }))
  const keyStore = found.keyStoreName
  return {
    found: {
      name,
      url,
      authentication,
      proxyType,
      cloudConnectorLocationId,
      authTokens,
      proxy,
      certificates,
      keyStore,
    },
  }
}

function failureOf(failure) {
  const causes = []
  for (let cause = failure; cause instanceof Error; cause = cause.cause) causes.push(cause.message)
  const response = [failure, failure.cause, failure.cause?.cause].find((error) => error?.response)?.response
  return { failure: causes.join(' <- '), status: response?.status, data: response?.data, headers: response?.headers }
}
