/** JSON in a message. The body was parsed as bounded JSON before any schema sees it, so the types are asserted, not walked again. */
import { z } from 'zod'
import type { JsonObject, JsonValue } from '../core/json.ts'

export const jsonObject = z.record(z.string(), z.unknown()) as unknown as z.ZodType<JsonObject>
export const jsonValue = z.unknown() as unknown as z.ZodType<JsonValue>

/** Milliseconds since 1970. */
export const timeMs = z.int().min(0).max(8_640_000_000_000_000)

/** An id as the kit writes them: a prefix and 28 hexadecimal digits. Longer or stranger ones name nothing. */
export const idText = z.string().min(1).max(64)
