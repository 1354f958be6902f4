import {
  type CertificateStore,
  findCertificate,
  present,
  type StoredDestination,
  writeDestinationFile,
} from '@landbridge/destinations'
import { zipSync } from 'fflate'

/** Key stores that a password protects. Others would put a private key into the archive in clear. */
const protectedStore = /\.(jks|p12|pfx)$/i

export function exportText(destinations: readonly StoredDestination[]): string {
  return writeDestinationFile(destinations.map(({ properties }) => properties))
}

/**
 * The file of one destination: its properties, or an archive with the properties and the key store where it logs on
 * with a client certificate (guide L6301-6305).
 */
export async function exportOne(
  destination: StoredDestination,
  certificates: Pick<CertificateStore, 'find'> | undefined,
): Promise<string | Buffer> {
  const text = exportText([destination])
  const location =
    present(destination.properties, 'KeyStoreLocation') ??
    present(destination.properties, 'tokenService.KeyStoreLocation')
  if (location === undefined || !protectedStore.test(location)) return text
  const keyStore = certificates && (await findCertificate(certificates, destination.level, location))
  if (keyStore === undefined) return text
  const modified = { mtime: new Date(keyStore.modifiedAtMs) }
  const archive = zipSync({
    [destination.name.replace(/[^\w.-]/g, '_')]: [Buffer.from(text, 'latin1'), modified],
    [location.replace(/[^\w.-]/g, '_')]: [keyStore.content, modified],
  })
  return Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength)
}
