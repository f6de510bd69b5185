/** Choices that hang on a seed and a text, so that the same request always gets the same answer. */
import { hash } from 'node:crypto'

export function pickBySeed<T>(options: readonly [T, ...T[]], seed: number, text: string): T {
  const number = Number.parseInt(hash('sha256', `${seed}\n${text}`, 'hex').slice(0, 8), 16)
  return options[number % options.length] as T
}

/** An id of that many hexadecimal digits. */
export function idBySeed(prefix: string, seed: number, text: string, digits = 24): string {
  return `${prefix}${hash('sha256', `${seed}\n${prefix}\n${text}`, 'hex').slice(0, digits)}`
}
