/** The parts of the identity directories that the service needs. */
export interface Tenant {
  readonly id: string
  readonly subdomain: string
}

export interface TenantDirectory {
  tenantById(id: string): Promise<Tenant | undefined>
}

export interface ServiceClient {
  readonly clientId: string
  readonly subaccountId: string
  readonly instanceId: string
  readonly service: string
}

export interface ClientDirectory {
  findClient(clientId: string): Promise<ServiceClient | undefined>
}
