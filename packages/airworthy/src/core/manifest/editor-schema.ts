/** The JSON Schema of `airworthy.yaml` for editors: `schema/airworthy.schema.json` holds its text, `node scripts/write-schema.ts` writes it. */
import { z } from 'zod'
import { manifestShape } from './manifest-shape.ts'

/** Draft 7, which every editor's YAML support understands. It knows the form only: floors, names and the lock are `validate`'s. */
export function editorSchemaText(): string {
  const schema = z.toJSONSchema(manifestShape, { io: 'input', target: 'draft-7' })
  return `${JSON.stringify({ title: 'airworthy.yaml', ...schema }, null, 2)}\n`
}
