/** Where the checks of a manifest put what they find: faults with places, defaults, variables. */
import type { ErrorCode } from '../error-codes.ts'
import type { Fault } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import { resolveText, variablesOf } from './environment.ts'
import { type Path, pathText, type YamlReading } from './read-yaml.ts'

export class Report {
  readonly faults: Fault[] = []
  readonly defaulted: { path: string; value: JsonValue; why: string }[] = []
  readonly variables = new Set<string>()
  /** A tool of a server is declared and there is no lock: said once, not for each tool. */
  needsLock = false
  private readonly reading: YamlReading
  private readonly file: string
  private readonly env: Readonly<Record<string, string | undefined>>
  private readonly resolves: boolean

  constructor(
    reading: YamlReading,
    file: string,
    env: Readonly<Record<string, string | undefined>>,
    resolves: boolean,
  ) {
    this.reading = reading
    this.file = file
    this.env = env
    this.resolves = resolves
  }

  add(code: ErrorCode, path: Path, part: 'key' | 'value', message: string, mend: string): void {
    const dotted = pathText(path)
    this.faults.push({
      code,
      message,
      mend,
      file: this.file,
      ...this.reading.placeOf(path, part),
      ...(dotted !== '' && { path: dotted }),
    })
  }

  /** Notes a default and gives it back. */
  filled<const Value extends JsonValue>(path: Path, value: Value, why: string): Value {
    this.defaulted.push({ path: pathText(path), value, why })
    return value
  }

  filledWhen<const Value extends JsonValue>(isDefault: boolean, path: Path, value: Value, why: string): Value {
    return isDefault ? this.filled(path, value, why) : value
  }

  /** A text in which `${NAME}` is replaced; kept as written when nothing is resolved. */
  text(path: Path, written: string): string {
    for (const name of variablesOf(written)) this.variables.add(name)
    if (!this.resolves) return written
    const { text, missing } = resolveText(written, this.env)
    for (const name of missing) {
      const message = `The environment variable ${name} is not set.`
      this.add('MANIFEST_ENVIRONMENT_MISSING', path, 'value', message, `Set ${name} and try again.`)
    }
    return text
  }

  texts(path: Path, written: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(written ?? {}).map(([key, value]) => [key, this.text([...path, key], value)]),
    )
  }

  /** An http or https address, resolved. */
  address(path: Path, written: string): string {
    const text = this.text(path, written)
    // What is unresolved is judged when it is needed, and a missing variable has been reported.
    const isOpen = variablesOf(written).some((name) => !this.resolves || (this.env[name] ?? '') === '')
    if (isOpen) return text
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      const hint = variablesOf(written).length > 0 ? ` (after replacing ${variablesOf(written).join(', ')})` : ''
      this.add(
        'MANIFEST_VALUE_INVALID',
        path,
        'value',
        `"${pathText(path)}" is not an http or https address${hint}.`,
        'Write it with http:// or https://.',
      )
    } else if (url.username !== '' || url.password !== '') {
      this.add(
        'MANIFEST_VALUE_INVALID',
        path,
        'value',
        `"${pathText(path)}" carries a user name or password.`,
        'Put the credential into a header, from the environment.',
      )
    }
    return text
  }
}
