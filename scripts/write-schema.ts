/** Writes the manifest's JSON Schema for editors from the shape that the parser uses. A test keeps the two equal. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { editorSchemaText } from '../packages/airworthy/src/core/manifest/editor-schema.ts'

const folder = fileURLToPath(new URL('../packages/airworthy/schema/', import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(`${folder}airworthy.schema.json`, editorSchemaText())
