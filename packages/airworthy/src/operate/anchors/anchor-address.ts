/** Where an anchor over HTTP may be: anywhere by https, and on this machine. */
import { anchorInvalid } from './anchor.ts'

/** @throws ANCHOR_INVALID for an address that is neither https nor on this machine. @param allowInsecure  plain http to anywhere. */
export function anchorAddress(name: string, address: string, allowInsecure = false): URL {
  const url = URL.parse(address)
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === null || !isHttp) throw anchorInvalid(name, 'its address is no http URL', 'Give an https URL.')
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowInsecure) {
    throw anchorInvalid(name, 'plain http to another machine can be changed on the way', 'Use https.')
  }
  return url
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
