// Calls systems by the names of their destinations. Run `landbridge env` in this directory first.
import { openClient } from '@landbridge/client'

const client = openClient()
try {
  const response = await client.fetch('demo-backend', '/hello')
  console.log(`demo-backend: ${response.status} ${(await response.json()).message}`)

  const destination = await client.findDestination('demo-backend')
  console.log(`${destination.name} is ${destination.getProperty('URL')} (${destination.getProperty('ProxyType')})`)

  await client.findDestination('nobody-knows')
} catch (error) {
  // Messages say what happened and what to do.
  console.log(error.message)
} finally {
  await client.close()
}
