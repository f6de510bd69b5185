/** `airworthy/readiness`: the controls, and the function from evidence to a verdict. */
export { type Control, controls } from './controls.ts'
export { type DecideInput, decide } from './decide.ts'
export { type Demands, demandsOf } from './demands.ts'
export type { Evidence } from './evidence.ts'
export type {
  ControlState,
  ControlVerdict,
  CountedEvidence,
  UsedException,
  Verdict,
  VerdictSummary,
} from './verdict.ts'
