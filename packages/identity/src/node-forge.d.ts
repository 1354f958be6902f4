/** The part of node-forge that reads PKCS#12. Bytes are binary strings. */
declare module 'node-forge' {
  export interface Asn1 {
    type: number
    value: string | Asn1[]
  }
  export interface Bag {
    readonly type: string
    readonly key?: unknown
    readonly cert?: unknown
    readonly asn1?: Asn1
  }
  export interface Pfx {
    readonly safeContents: readonly { readonly safeBags: readonly Bag[] }[]
  }
  const forge: {
    readonly asn1: {
      fromDer(bytes: string): Asn1
      toDer(asn1: Asn1): { getBytes(): string }
      derToOid(bytes: string): string
    }
    readonly pkcs12: { pkcs12FromAsn1(asn1: Asn1, strict: boolean, password: string): Pfx }
    readonly pki: {
      readonly oids: Readonly<Record<string, string>>
      certificateToAsn1(certificate: unknown): Asn1
      privateKeyToAsn1(key: unknown): Asn1
      wrapRsaPrivateKey(key: Asn1): Asn1
      /** Null when the password is wrong. */
      decryptPrivateKeyInfo(info: Asn1, password: string): Asn1 | null
    }
  }
  export default forge
}
