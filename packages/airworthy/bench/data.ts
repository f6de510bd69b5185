/** Detectors and labels: throughput over running text, and what a guard step waits for on one small call. */
import type { JsonObject } from '../src/core/json.ts'
import { builtDetectors, detectorsByClass } from '../src/core/manifest/detectors.ts'
import { type DataRules, detect } from '../src/data/detect.ts'
import { labelsOf } from '../src/data/labels.ts'
import { addFact, emptyProvenance, fingerprintsOf, untrustedPaths } from '../src/data/provenance.ts'
import type { BenchRow } from './bench-row.ts'

const rounds = 15

/** Medians of 15 rounds. Nothing here has a target: the guard's own figures contain these. */
export async function benchData(): Promise<BenchRow[]> {
  const text = mailbox()
  const megabytes = Buffer.byteLength(text) / 1e6
  const throughput = (names: readonly string[]) => megabytes / medianSeconds(() => void detect(text, names))
  const rows: BenchRow[] = [
    {
      name: 'data: detect, all built detectors',
      unit: 'MB/s',
      value: throughput(builtDetectors),
      note: `${detect(text, builtDetectors).length} findings in ${megabytes.toFixed(1)} MB of mails`,
    },
    ...builtDetectors.map((name) => ({ name: `data: detect, ${name}`, unit: 'MB/s', value: throughput([name]) })),
  ]
  const bytes = JSON.stringify(args).length
  const index = emptyProvenance()
  addFact(index, {
    trusted: true,
    values: fingerprintsOf('Refund order ORD-48213 to Ann Lee, 49.90 please', key, true),
  })
  addFact(index, { trusted: false, values: fingerprintsOf(text.slice(0, 4000), key) })
  const calls = 2000
  const perCall = (act: () => void) => (medianSeconds(() => repeat(calls, act)) / calls) * 1e6
  rows.push(
    {
      name: 'data: labels of one argument object',
      unit: 'us',
      value: perCall(() => void labelsOf(args, rules)),
      note: `${bytes} bytes`,
    },
    {
      name: 'data: untrusted paths of one argument object',
      unit: 'us',
      value: perCall(() => void untrustedPaths(args, index, key)),
      note: `${bytes} bytes, ${index.origins.size} values known`,
    },
    {
      name: 'data: fingerprints of a 4 kB result',
      unit: 'us',
      value: (medianSeconds(() => repeat(50, () => void fingerprintsOf(text.slice(0, 4000), key))) / 50) * 1e6,
    },
  )
  return rows
}

const key = '0123456789abcdef'.repeat(4)

const args: JsonObject = {
  order: 'ORD-48213',
  amount: 49.9,
  currency: 'EUR',
  email: 'ann.lee@example.com',
  reason: 'The parcel arrived damaged; the customer sent two photographs and asks for her money back.',
  notify: true,
  lines: [{ sku: 'KB-2041', quantity: 1 }],
}

const rule = (detectors: readonly string[]) => ({
  detect: detectors,
  notBuilt: [],
  beforeRetrieval: 'redact' as const,
  beforeModel: 'pseudonymize' as const,
  beforeExport: 'block' as const,
})
const rules: DataRules = {
  pii: rule(detectorsByClass.pii),
  secret: rule(detectorsByClass.secret),
  regulated: rule(detectorsByClass.regulated),
}

/** About 2 MB of mails, every one different; each third carries something to find. */
function mailbox(): string {
  const found = ['ann.lee@example.com', '4111 1111 1111 1111', 'GB29 NWBK 6016 1331 9268 19', 'password=hunter2!']
  return Array.from({ length: 6000 }, (_, index) => {
    const carried = index % 3 === 0 ? ` You reach me at ${found[(index / 3) % found.length]}.` : ''
    return [
      `Subject: order ORD-${48_000 + index}, delivery on 2026-0${(index % 9) + 1}-1${index % 10}`,
      `Dear team, the parcel of order ${48_000 + index} (total: ${index % 400}.90 EUR) arrived on time, but one of the`,
      `two keyboards does not work.${carried} See https://shop.example/orders/${index} for the photographs I sent: front,`,
      'back and label. Kind regards, Ann Lee\n',
    ].join('\n')
  }).join('\n')
}

function repeat(count: number, act: () => void): void {
  for (let index = 0; index < count; index++) act()
}

function medianSeconds(act: () => void): number {
  act()
  const seconds = Array.from({ length: rounds }, () => {
    const start = performance.now()
    act()
    return (performance.now() - start) / 1000
  })
  return seconds.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!
}
