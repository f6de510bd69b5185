/** What a tool of the helpdesk is: its definition as MCP shows it, and what it does to the desk. */
import { z } from 'zod'
import type { Desk } from './desk.ts'

export interface DeskTool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: z.ZodObject
  readonly output: z.ZodObject
  /** `read` changes nothing; `write` can be taken back; `irreversible` cannot. */
  readonly effect: 'read' | 'write' | 'irreversible'
  /** True when the tool reaches somebody outside. */
  readonly external?: boolean
  run(desk: Desk, input: unknown): Record<string, unknown>
}

/**
 * Defines a tool. Input is parsed before `run`, output after it, so that what a client reads is what the schema says.
 * `run` throws ToolRefusal for what it will not do.
 */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(tool: {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Input
  readonly output: Output
  readonly effect: DeskTool['effect']
  readonly external?: boolean
  readonly run: (desk: Desk, input: z.output<Input>) => z.input<Output>
}): DeskTool {
  return { ...tool, run: (desk, input) => tool.output.parse(tool.run(desk, tool.input.parse(input))) }
}

/** An id of any kind: two letters and a number. Which letters stand for what differs from world to world. */
export const recordId = (what: string) =>
  z
    .string()
    .max(16)
    .regex(/^[A-Z]{2}-[0-9]{5,8}$/)
    .describe(what)

export const line = (what: string, lengthMax = 200) => z.string().min(1).max(lengthMax).describe(what)

export const emailAddress = (what: string) =>
  z
    .string()
    .max(254)
    .regex(/^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,189}$/)
    .describe(what)

/** The guard fills this in from the user's own shop; the agent leaves it out. */
export const tenantFilter = z
  .string()
  .max(64)
  .regex(/^[a-z]+$/)
  .optional()
  .describe('Shop to look in. Filled in by the platform: leave it out.')

/** Dollars as a number, from cents. */
export function dollars(cents: number): number {
  return cents / 100
}
