/** Verifies an export as an outsider does, in a process of its own; prints what it took. Arguments: file, public key. */
import { createReadStream } from 'node:fs'
import { verifyExport } from '../src/audit/verify-export.ts'

const [, , path = '', publicKey = ''] = process.argv
const start = performance.now()
const { ok, size, faultCount } = await verifyExport(createReadStream(path), {
  publicKey,
})
const seconds = (performance.now() - start) / 1000
// maxRSS is in kibibytes.
const peakMegabytes = (process.resourceUsage().maxRSS * 1024) / 1e6
process.stdout.write(JSON.stringify({ ok, size, faultCount, seconds, peakMegabytes }))
