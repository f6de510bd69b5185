/** Cedar's ipaddr: an IPv4 or IPv6 address with a prefix length. */
import { CedarObject } from './value.ts'

export class IpAddress extends CedarObject {
  readonly typeName = 'ipaddr'
  readonly version: 4 | 6
  readonly address: bigint
  readonly prefix: number

  constructor(version: 4 | 6, address: bigint, prefix: number) {
    super()
    this.version = version
    this.address = address
    this.prefix = prefix
  }

  /** Two ranges are equal only when address and prefix are, host bits included. */
  get key(): string {
    return `${this.version}:${this.address.toString(16)}/${this.prefix}`
  }
}

/** The longest text that Cedar reads: eight groups of four digits, seven colons, slash and three digits. */
const textLengthMax = 43

/** Undefined when the text is not Cedar's ipaddr. Embedded IPv4 (`::ffff:1.2.3.4`), zones and leading zeros are refused. */
export function ipAddressOf(text: string): IpAddress | undefined {
  if (text.length > textLengthMax) return undefined
  const slash = text.indexOf('/')
  const addressText = slash === -1 ? text : text.slice(0, slash)
  const version = addressText.includes(':') ? 6 : 4
  const address = version === 6 ? ipv6Of(addressText) : ipv4Of(addressText)
  if (address === undefined) return undefined
  const widthBits = version === 6 ? 128 : 32
  const prefix = slash === -1 ? widthBits : prefixOf(text.slice(slash + 1), widthBits)
  return prefix === undefined ? undefined : new IpAddress(version, address, prefix)
}

export function isLoopback(ip: IpAddress): boolean {
  return isInRange(ip, ip.version === 4 ? loopback4 : loopback6)
}

export function isMulticast(ip: IpAddress): boolean {
  return isInRange(ip, ip.version === 4 ? multicast4 : multicast6)
}

/** True when every address of `ip` lies in `range`; false across versions. */
export function isInRange(ip: IpAddress, range: IpAddress): boolean {
  if (ip.version !== range.version || ip.prefix < range.prefix) return false
  const hostBits = BigInt((ip.version === 4 ? 32 : 128) - range.prefix)
  return ip.address >> hostBits === range.address >> hostBits
}

const loopback4 = new IpAddress(4, 0x7f000000n, 8)
const loopback6 = new IpAddress(6, 1n, 128)
const multicast4 = new IpAddress(4, 0xe0000000n, 4)
const multicast6 = new IpAddress(6, 0xff00n << 112n, 8)

function prefixOf(text: string, widthBits: number): number | undefined {
  if (!/^(0|[1-9]\d{0,2})$/.test(text)) return undefined
  const prefix = Number(text)
  return prefix <= widthBits ? prefix : undefined
}

function ipv4Of(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let address = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    address = (address << 8n) | BigInt(part)
  }
  return address
}

function ipv6Of(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const groupsMissing = 8 - head.length - tail.length
  // `::` stands for at least one group; without it all eight must be written.
  if (halves.length === 2 ? groupsMissing < 1 : groupsMissing !== 0) return undefined
  let address = 0n
  for (const group of [...head, ...Array<string>(groupsMissing).fill('0'), ...tail]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
    address = (address << 16n) | BigInt(`0x${group}`)
  }
  return address
}
