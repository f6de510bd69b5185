/**
 * Host and Origin. A page of another site must not reach a kit through a browser: neither by a name that resolves here (DNS
 * rebinding), nor by a request from its own origin. Keys are never kept by browsers, so this is the second wall, not the first.
 */
import { isIP } from 'node:net'
import { RequestRefused } from './problem.ts'

export interface HostRules {
  /** Names under which the kit may be called besides the loopback ones, without a port, lower case. */
  readonly names: ReadonlySet<string>
  /** Listening beyond loopback: any address may stand in Host. An address cannot be rebound; a name can. */
  readonly anyAddress: boolean
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** @throws RequestRefused HOST_REFUSED (403) */
export function checkHost(headers: Headers, rules: HostRules): void {
  const host = headers.get('host')?.toLowerCase()
  const name = host === undefined ? undefined : nameOf(host)
  if (host === undefined || name === undefined || !isOurs(name, rules)) {
    throw refused(
      'The header Host names a host that is not this kit.',
      'Call the kit by a loopback name, or start it with its name: `airworthy up --public-url http://name:port`.',
    )
  }
  const origin = headers.get('origin')?.toLowerCase()
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw refused('The request comes from a page of another origin.', 'Call the API from a server, not from a page.')
  }
}

function isOurs(name: string, rules: HostRules): boolean {
  if (loopbackNames.has(name) || rules.names.has(name)) return true
  return rules.anyAddress && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
}

function nameOf(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(host)?.[1]
}

function refused(message: string, mend: string): RequestRefused {
  return new RequestRefused(403, { code: 'HOST_REFUSED', message, mend })
}
