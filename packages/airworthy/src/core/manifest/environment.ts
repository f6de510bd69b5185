/** `${NAME}` in a manifest: only where a secret or an address stands, and replaced only where the value is needed. */
import type { Path } from './read-yaml.ts'

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/** Places that take a reference; `*` is any one key. */
const places: readonly (readonly string[])[] = [
  'run.http',
  'model.base_url',
  'judges.*.base_url',
  'principal.jwt.issuer',
  'principal.jwt.audience',
  'principal.jwt.jwks',
  'mcpServers.*.url',
  'mcpServers.*.args.*',
  'mcpServers.*.env.*',
  'mcpServers.*.headers.*',
  'auth_checks.*.url',
  'auth_checks.*.headers.*',
  'tools.*.reconcile.url',
  'telemetry.export.url',
  'telemetry.export.headers.*',
  'channels.*.webhook',
  'channels.*.secret',
  'channels.*.witness',
  'sandboxes.*.url',
  'sandboxes.*.headers.*',
  'sandboxes.*.auth_checks.*',
].map((place) => place.split('.'))

export function takesEnvironment(path: Path): boolean {
  return places.some(
    (place) => place.length === path.length && place.every((key, index) => key === '*' || key === path[index]),
  )
}

/** Names that a text refers to, in order. */
export function variablesOf(text: string): readonly string[] {
  return [...text.matchAll(reference)].map((match) => match[1]!)
}

/** Is there a `${` that is not a whole reference? */
export function hasBrokenReference(text: string): boolean {
  return text.replaceAll(reference, '').includes('${')
}

/** The text with every reference replaced; names that are not set, or empty, are returned instead. Values never enter a message. */
export function resolveText(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { text: string; missing: readonly string[] } {
  const missing = variablesOf(text).filter((name) => (env[name] ?? '') === '')
  return { text: text.replaceAll(reference, (whole, name: string) => env[name] || whole), missing }
}
