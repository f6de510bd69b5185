/** The official JavaScript exporters as clients: what they send arrives whole, and what they are told they understand. */
import { type DiagLogger, DiagLogLevel, diag, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Receiver, startReceiver } from './receiver.ts'

let receiver: Receiver
const said: string[] = []
const note = (...words: unknown[]): void => void said.push(words.map(String).join(' '))
beforeAll(async () => {
  receiver = await startReceiver()
  diag.setLogger(
    { error: note, warn: note, info: note, debug: note, verbose: note } satisfies DiagLogger,
    DiagLogLevel.WARN,
  )
})
afterAll(async () => {
  diag.disable()
  await receiver.serving.stop()
})

type Settings = ConstructorParameters<typeof ProtoExporter>[0]
const exporters: readonly (readonly [string, (settings: Settings) => SpanExporter])[] = [
  ['protobuf', (settings) => new ProtoExporter(settings)],
  ['JSON', (settings) => new JsonExporter(settings)],
]
const packings = ['none', 'gzip'] as const

function settings(key: string, compression: string): Settings {
  return {
    url: `${receiver.serving.url}/v1/traces`,
    headers: { authorization: `Bearer ${key}` },
    compression,
  } as Settings
}

describe.each(exporters)('the exporter of %s', (_name, exporterOf) => {
  it.each(packings)('packed with %s: every span as the program wrote it', async (compression) => {
    const before = said.length
    const processor = new BatchSpanProcessor({
      exporter: exporterOf(settings(receiver.serving.keys.agent, compression)),
    })
    const provider = new TracerProvider({ spanProcessors: [processor] })
    const tracer = provider.getTracer('desk', '1.2.3')
    const root = tracer.startSpan('invoke_agent desk', {
      kind: SpanKind.SERVER,
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        temperature: 0,
        ratio: 0.5,
        tags: ['a', 'b'],
        big: 2 ** 53 - 1,
      },
    })
    const { traceId, spanId } = root.spanContext()
    for (let i = 0; i < 700; i++) {
      const child = tracer.startSpan(`step ${i}`, { root: false, links: [{ context: root.spanContext() }] })
      child.addEvent('thought', { n: i })
      child.end()
    }
    root.recordException(new Error('it broke'))
    root.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' })
    root.end()
    await provider.forceFlush()
    await provider.shutdown()
    expect(said.slice(before)).toEqual([])
    const [stored] = await receiver.spansOf(traceId)
    expect(stored).toMatchObject({ source: 'otlp', agent: 'desk' })
    expect(stored?.span).toMatchObject({
      spanId,
      name: 'invoke_agent desk',
      kind: 'server',
      status: 'error',
      statusMessage: 'it broke',
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        temperature: 0,
        ratio: 0.5,
        tags: ['a', 'b'],
        big: 2 ** 53 - 1,
      },
      resource: { 'otel.scope.name': 'desk', 'otel.scope.version': '1.2.3' },
      details: { events: [{ name: 'exception', attributes: { 'exception.message': 'it broke' } }] },
    })
    expect(Number((stored?.span.endNs ?? 0n) - (stored?.span.startNs ?? 0n))).toBeGreaterThanOrEqual(0)
  })

  it('is told that its key is none, and says so to its program', async () => {
    const before = said.length
    const exporter = exporterOf(settings(`awa_${'x'.repeat(32)}`, 'none'))
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
    provider.getTracer('desk').startSpan('lost').end()
    await provider.forceFlush().catch(note)
    await provider.shutdown().catch(note)
    expect(said.slice(before).join('\n')).toMatch(/401|Unauthorized|CREDENTIAL_INVALID/)
  })
})
