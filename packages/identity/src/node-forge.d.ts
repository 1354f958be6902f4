/** The part of node-forge that reads and writes PKCS#12. Bytes are binary strings. */
declare module 'node-forge' {
  export interface Bytes {
    getBytes(): string
  }
  export interface Asn1 {
    tagClass: number
    type: number
    value: string | Asn1[]
  }
  export interface Bag {
    readonly type: string
    readonly key?: unknown
    readonly cert?: unknown
    readonly asn1?: Asn1
    readonly attributes?: { readonly friendlyName?: readonly string[]; readonly localKeyId?: readonly string[] }
  }
  export interface Pfx {
    readonly safeContents: readonly { readonly safeBags: readonly Bag[] }[]
  }
  const forge: {
    readonly util: { createBuffer(bytes: string): unknown }
    readonly asn1: {
      readonly Class: { readonly UNIVERSAL: number; readonly CONTEXT_SPECIFIC: number }
      readonly Type: Readonly<
        Record<'NULL' | 'SEQUENCE' | 'SET' | 'OCTETSTRING' | 'OID' | 'INTEGER' | 'BMPSTRING', number>
      >
      create(tagClass: number, type: number, constructed: boolean, value: string | Asn1[]): Asn1
      oidToDer(dotted: string): Bytes
      integerToDer(value: number): Bytes
      fromDer(bytes: string): Asn1
      toDer(asn1: Asn1): { getBytes(): string }
      derToOid(bytes: string): string
    }
    readonly pkcs12: {
      pkcs12FromAsn1(asn1: Asn1, strict: boolean, password: string): Pfx
      generateKey(password: string, salt: unknown, id: number, iterations: number, bytes: number): Bytes
    }
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
