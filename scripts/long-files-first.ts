/** The order of a test run: what takes long begins first, so that no worker stands idle beside the last file. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Folders whose files start processes and kill them, most of them short to read and long to run. */
const long = /\/test\/(crash|e2e|evals|gateways|fuzz|otlp)\/|support-desk-evals/

export default class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    // The files of a project stay together: its workers keep what they have loaded.
    const projects = Map.groupBy(sorted, ({ project }) => project.name)
    return [...projects.values()].flatMap((those) => [
      ...those.filter(({ moduleId }) => long.test(moduleId)),
      ...those.filter(({ moduleId }) => !long.test(moduleId)),
    ])
  }
}
