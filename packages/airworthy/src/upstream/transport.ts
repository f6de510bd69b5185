/** Opens the transport to one server of the manifest: Streamable HTTP by `url`, a child process by `command`. */
import type { Readable } from 'node:stream'
import { StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { DEFAULT_INHERITED_ENV_VARS, StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { AirworthyError } from '../core/errors.ts'
import type { McpServer } from '../core/manifest/effective.ts'
import { boundedFetch, messageBytesMax } from './bounded-fetch.ts'

/** Receives the name of a server and one line of its stderr, already bounded. */
export type UpstreamLog = (server: string, line: string) => void

const logLineCharactersMax = 2_000
/** A child that prints more than this within a minute is cut short until the next one: it may not fill the kit's own log. */
const logCharactersPerMinuteMax = 64 * 1024

/** @throws UPSTREAM_INVALID when the server names neither an address nor a command. */
export function openTransport(server: McpServer, log: UpstreamLog): Transport {
  if (server.url !== undefined) {
    return new StreamableHTTPClientTransport(new URL(server.url), {
      requestInit: { headers: { ...server.headers } },
      fetch: (url, init) => boundedFetch(url, init),
    })
  }
  if (server.command === undefined) {
    throw new AirworthyError({
      code: 'UPSTREAM_INVALID',
      message: `The server "${server.name}" has neither a url nor a command.`,
      mend: 'Give it one of the two in mcpServers.',
    })
  }
  const transport = new StdioClientTransport({
    command: server.command,
    args: [...server.args],
    env: childEnvironment(server.env),
    stderr: 'pipe',
    maxBufferSize: messageBytesMax,
    ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
  })
  logLines(transport.stderr as Readable, server.name, log)
  return transport
}

/**
 * The declared variables, PATH and HOME, and nothing else of the kit's own environment: a tool server must not find the kit's
 * secrets there. The SDK adds its own short list to what it is given, so those names are taken away by being undefined.
 */
function childEnvironment(declared: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string | undefined> = {}
  if (process.platform !== 'win32') {
    for (const name of DEFAULT_INHERITED_ENV_VARS) if (name !== 'PATH' && name !== 'HOME') environment[name] = undefined
  }
  return { ...environment, ...declared } as Record<string, string>
}

function logLines(stderr: Readable, name: string, log: UpstreamLog): void {
  let rest = ''
  let windowStartMs = 0
  let windowCharacters = 0
  const print = (line: string): void => {
    const nowMs = performance.now()
    if (nowMs - windowStartMs > 60_000) {
      windowStartMs = nowMs
      windowCharacters = 0
    }
    if (windowCharacters > logCharactersPerMinuteMax) return
    windowCharacters += line.length
    log(name, windowCharacters > logCharactersPerMinuteMax ? '(further output of this minute is dropped)' : line)
  }
  stderr.setEncoding('utf8')
  stderr.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = (lines.pop() ?? '').slice(-logLineCharactersMax)
    for (const line of lines) if (line.trim() !== '') print(line.slice(0, logLineCharactersMax))
  })
  stderr.on('end', () => {
    if (rest.trim() !== '') print(rest)
  })
}
