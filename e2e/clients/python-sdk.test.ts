import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runChild, selfSignedCertificate, startPlatform } from '@landbridge/testkit'
import { newCustomer, subscribeToDemo } from './support/customer.ts'

/** `LANDBRIDGE_PYTHON` names an interpreter with `sap-cloud-sdk` (`pip install sap-cloud-sdk==0.62.0`). */
const python = process.env.LANDBRIDGE_PYTHON ?? 'python3'
const installed = await runChild(python, ['-c', 'import sap_cloud_sdk.destination']).catch(() => undefined)

test('the scenarios of the vendor pass with the unchanged SAP Cloud SDK for Python (RC-176)', {
  skip: installed?.status === 0 ? false : `${python} has no sap-cloud-sdk: set LANDBRIDGE_PYTHON`,
}, async () => {
  const platform = await startPlatform()
  try {
    const customer = await newCustomer(platform, 'customer')
    await subscribeToDemo(platform, customer)
    const { clientid = '', clientsecret = '', uri = '', uaadomain } = platform.binding('destination')
    const { clientid: oauthId, clientsecret: oauthSecret, url } = platform.binding('xsuaa')
    const { certificate } = await selfSignedCertificate()
    const prefix = 'CLOUD_SDK_CFG_DESTINATION_DEFAULT_'
    const { status, stdout, stderr } = await runChild(python, [join(import.meta.dirname, 'programs/python_sdk.py')], {
      env: {
        [`${prefix}CLIENTID`]: clientid,
        [`${prefix}CLIENTSECRET`]: clientsecret,
        [`${prefix}URI`]: uri,
        // The SDK puts the subdomain of a subscriber into the place of the identity zone.
        [`${prefix}URL`]: `https://demo.${uaadomain}`,
        [`${prefix}IDENTITYZONE`]: 'demo',
        REQUESTS_CA_BUNDLE: platform.environment.NODE_EXTRA_CA_CERTS,
        SSL_CERT_FILE: platform.environment.NODE_EXTRA_CA_CERTS,
        // The destination service of `landbridge up` speaks http on this machine.
        OAUTHLIB_INSECURE_TRANSPORT: '1',
        TEST_TENANT: customer.subdomain,
        TEST_OAUTH: JSON.stringify({ url: `${url}/oauth/token`, clientid: oauthId, clientsecret: oauthSecret }),
        TEST_PEM: certificate,
      },
    })
    assert.equal(status, 0, stderr)
    const outcome = JSON.parse(stdout) as Readonly<Record<string, string>>
    const failed = Object.entries(outcome).filter(([, result]) => result !== 'passed')
    assert.equal(failed.map(([name, result]) => `${name}\n${result}`).join('\n'), '')
    assert.equal(Object.keys(outcome).length, 12)
  } finally {
    await platform.stop()
  }
})
