/**
 * Cedar's own engine (Rust, compiled to WebAssembly): it parses and validates at load and never takes a decision. It is
 * loaded on first use, so a start from the cache does without it. Its stack is small and a trap leaves the instance broken
 * for good; so a trap throws away the instance, and the next call gets a fresh one.
 */
import { createRequire } from 'node:module'
import type * as CedarWasm from '@cedar-policy/cedar-wasm/nodejs'

type CedarModule = typeof CedarWasm

const require = createRequire(import.meta.url)
const engineName = '@cedar-policy/cedar-wasm/nodejs'
let engine: CedarModule | undefined

/** Runs `use` on the engine; undefined when the engine trapped (the input is nested too deeply for its stack). */
export function withCedar<T>(use: (cedar: CedarModule) => T): T | undefined {
  engine ??= require(engineName) as CedarModule
  try {
    return use(engine)
  } catch (error) {
    engine = undefined
    delete require.cache[require.resolve(engineName)]
    if (error instanceof Error && (error.name === 'RuntimeError' || error instanceof RangeError)) return undefined
    throw error
  }
}
