// Calls the demo backend of `landbridge up`. Run `landbridge env` in this directory first.
import { openClient } from '@landbridge/client'

await using client = openClient()
const response = await client.fetch('demo-backend', '/hello')
console.log(`demo-backend: ${response.status} ${(await response.json()).message}`)
