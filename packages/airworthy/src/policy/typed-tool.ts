/** The tools of an agent as load-time checks see them. */
import type { PolicyTool, UntypedArgument } from './policy-schema.ts'
import type { RecordType } from './schema.ts'

export interface TypedTool {
  readonly tool: PolicyTool
  readonly type: RecordType
  readonly untyped: readonly UntypedArgument[]
  /** Added by the kit: policies must name it to be checked against it. */
  readonly implicit?: boolean
}

export interface World {
  readonly all: readonly TypedTool[]
  readonly byName: ReadonlyMap<string, TypedTool>
  readonly byGroup: ReadonlyMap<string, readonly TypedTool[]>
}
