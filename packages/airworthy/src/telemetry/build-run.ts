/** Puts a run together from what a format's adapter reads in order: messages, calls, results. Used once, then thrown away. */
import { digestOf } from '../core/digest.ts'
import { sha256Hex } from '../core/hash.ts'
import { isJsonObject, type JsonObject, type JsonValue, jsonFault } from '../core/json.ts'
import { valueOfJson } from '../core/value-of-json.ts'
import {
  type RecordedCall,
  type RecordedMessage,
  type RecordedRun,
  type RunFormat,
  runCallsMax,
  runMessagesMax,
} from './recorded-run.ts'
import { UnreadableRun } from './unreadable-run.ts'

export interface CallAsked {
  /** Empty or absent where the record has none. */
  readonly callId?: string | undefined
  readonly tool: string
  readonly arguments: JsonObject
  readonly authChecks?: Readonly<Record<string, boolean>> | undefined
  readonly spanId?: string
}

export interface CallAnswered {
  readonly callId?: string | undefined
  readonly tool?: string | undefined
  readonly result?: JsonValue
  readonly error?: string | undefined
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] }

/** Names and ids stand in reports and logs. */
const nameLengthMax = 300

export class RunBuilder {
  private readonly messages: RecordedMessage[] = []
  private readonly calls: Mutable<RecordedCall>[] = []
  /** Asked and not yet answered. */
  private readonly open: { readonly call: Mutable<RecordedCall>; readonly callId: string | undefined }[] = []

  say(role: RecordedMessage['role'], text: string): void {
    // A model that only calls tools was asked all the same.
    if (text === '' && role !== 'assistant') return
    if (this.messages.length === runMessagesMax)
      throw new UnreadableRun('', `it has more than ${runMessagesMax} messages`)
    this.messages.push({ role, text })
  }

  ask({ callId, tool, arguments: args, authChecks, spanId }: CallAsked): void {
    if (this.calls.length === runCallsMax) throw new UnreadableRun('', `it has more than ${runCallsMax} calls`)
    if (tool.length > nameLengthMax)
      throw new UnreadableRun('', `a tool's name is longer than ${nameLengthMax} characters`)
    const call: Mutable<RecordedCall> = {
      index: this.calls.length,
      tool,
      arguments: args,
      afterMessages: this.messages.length,
      ...(authChecks === undefined ? {} : { authChecks }),
      ...(spanId === undefined ? {} : { spanId }),
    }
    this.calls.push(call)
    this.open.push({ call, callId })
  }

  /** By its id; ids that are missing or stand twice go by order. @returns false when nothing was asked that this could answer. */
  answer({ callId, tool, result, error }: CallAnswered): boolean {
    const named = callId === undefined || callId === '' ? -1 : this.open.findIndex((one) => one.callId === callId)
    const ofTool = (): number => this.open.findIndex(({ call }) => tool === undefined || call.tool === tool)
    const found = named === -1 && (callId === undefined || callId === '') ? ofTool() : named
    const [one] = found === -1 ? [] : this.open.splice(found, 1)
    if (one === undefined) return false
    if (result !== undefined) one.call.result = result
    if (error !== undefined) one.call.error = error
    return true
  }

  /** @param record  what the run's id is the digest of. */
  build(
    record: JsonValue,
    about: { readonly name: string; readonly format: RunFormat } & Partial<
      Pick<RecordedRun, 'agent' | 'model' | 'principal' | 'outcome' | 'traceId'>
    >,
  ): RecordedRun {
    const input = this.messages.find(({ role }) => role === 'user')?.text
    if ((about.principal?.id.length ?? 0) > nameLengthMax) {
      throw new UnreadableRun('', `the principal's id is longer than ${nameLengthMax} characters`)
    }
    const name = about.name.slice(0, nameLengthMax).toWellFormed()
    const id = runId(name, record)
    return {
      traceId: sha256Hex(id).slice(0, 32),
      ...about,
      name,
      id,
      ...(input === undefined ? {} : { input }),
      messages: this.messages,
      calls: this.calls,
    }
  }
}

function runId(name: string, record: JsonValue): string {
  return `${name}@${digestOf(record).slice('sha256:'.length, 'sha256:'.length + 12)}`
}

/** Arguments as an object, or as the JSON text of one. @throws UnreadableRun */
export function argumentsOf(given: JsonValue | undefined, where: string): JsonObject {
  if (given === undefined || given === null || given === '') return {}
  if (isJsonObject(given)) return given
  if (typeof given !== 'string') throw new UnreadableRun(where, 'the arguments are no JSON object')
  let value: JsonValue
  try {
    value = valueOfJson(given) as JsonValue
  } catch {
    throw new UnreadableRun(where, 'the arguments are not well-formed JSON')
  }
  if (!isJsonObject(value)) throw new UnreadableRun(where, 'the arguments are no JSON object')
  const fault = jsonFault(value)
  if (fault !== undefined) throw new UnreadableRun(where, `the arguments are refused: ${fault.slice(0, 300)}`)
  return value
}
