import { loadConfig } from '@landbridge/config'
import { upConfigSchema } from './src/up/up-config.ts'
import { connectivityProxyConfigSchema } from '@landbridge/connectivity-proxy'
import { cloudConnectorConfigSchema } from '@landbridge/cloud-connector'
import { tokenServiceConfigSchema } from '@landbridge/token-service'
for (const [n, s] of Object.entries({ upConfigSchema, connectivityProxyConfigSchema, cloudConnectorConfigSchema, tokenServiceConfigSchema, again: tokenServiceConfigSchema })) { const c0 = process.cpuUsage(); try { loadConfig(s as never, { environment: {} }) } catch (e) { console.log(String(e).slice(0, 80)) } const c = process.cpuUsage(c0); console.log(n, (c.user + c.system) / 1e3) }
