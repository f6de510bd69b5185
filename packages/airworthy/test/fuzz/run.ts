/** `npm run fuzz [-- <sets> <seed>]`: our policy evaluator against Cedar's engine. Prints seed and counts; exit 1 on a difference. */
import { fuzzPolicies } from './differential.ts'

const sets = Number(process.argv[2] ?? 20_000)
const seed = Number(process.argv[3] ?? 20_261_122)
const started = performance.now()
console.log(`policy fuzz: seed ${seed}, ${sets} sets`)
const counts = fuzzPolicies(seed, 0, sets)
console.log(JSON.stringify(counts))
console.log(`no difference in ${((performance.now() - started) / 1000).toFixed(0)} s`)
