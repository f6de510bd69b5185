/** A reporter of one line for each project: how many tests it ran, and how long its files took, one after another. */
import type { Reporter, TestModule } from 'vitest/node'

export default class ProjectTimes implements Reporter {
  readonly #projects = new Map<string, { tests: number; ms: number }>()

  onTestModuleEnd(testModule: TestModule): void {
    const { duration, setupDuration, collectDuration, prepareDuration } = testModule.diagnostic()
    const project = this.#projects.get(testModule.project.name) ?? { tests: 0, ms: 0 }
    project.tests += [...testModule.children.allTests()].length
    project.ms += duration + setupDuration + collectDuration + prepareDuration
    this.#projects.set(testModule.project.name, project)
  }

  onTestRunEnd(): void {
    for (const [name, { tests, ms }] of this.#projects) {
      console.log(`${name}: ${tests} tests, ${(ms / 1000).toFixed(1)} s`)
    }
  }
}
