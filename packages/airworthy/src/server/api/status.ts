/** What the kit says of itself: alive, ready, its state, its permit key, its numbers. */
import type { WireStatus } from '../../contract/status.ts'
import { version } from '../../core/version.ts'
import { type Asked, jsonAnswer } from '../route.ts'
import { killsOf } from './operators.ts'

export async function healthz(): Promise<Response> {
  return jsonAnswer({ ok: true, version })
}

export async function readyz({ server }: Asked<unknown, unknown>): Promise<Response> {
  const why = await server.kit.unreadiness()
  return why === undefined ? jsonAnswer({ ready: true }) : jsonAnswer({ ready: false, why }, 503)
}

export async function status({ server }: Asked<unknown, unknown>): Promise<Response> {
  const { kit } = server
  const why = await kit.unreadiness()
  const notice =
    kit.mode === 'observe'
      ? 'OBSERVE: every decision is recorded and NOTHING is enforced, kill switches apart.'
      : why === undefined
        ? undefined
        : `NOT READY: ${why}`
  const answer: WireStatus = {
    agent: kit.agent,
    environment: kit.environment,
    release: kit.guard.release,
    version,
    mode: kit.mode,
    enforced: kit.mode === 'enforce',
    ...(notice === undefined ? {} : { notice }),
    principals: kit.manifest.principal.assertedByAgent ? 'asserted_by_agent' : 'jwt',
    ready: why === undefined,
    ...(why === undefined ? {} : { why }),
    permits: kit.guard.permitKey !== undefined,
    audit: {
      vkey: kit.vkey,
      covered_size: kit.sequencer.coveredSize,
      anchors: kit.anchors.status().map(({ name, anchoredSize, anchoredMs, failure }) => ({
        name,
        ...(anchoredSize === undefined ? {} : { anchored_size: anchoredSize }),
        ...(anchoredMs === undefined ? {} : { anchored_ms: anchoredMs }),
        failing: failure !== undefined,
        ...(failure instanceof Error ? { why: failure.message } : {}),
      })),
    },
    kills: await killsOf(server),
  }
  return jsonAnswer(answer)
}

/** The form that `airworthy/permit` takes: a JWK set, to be kept beside the service. */
export async function permitKey({ server }: Asked<unknown, unknown>): Promise<Response> {
  const jwk = server.kit.keys.permit.publicKey.export({ format: 'jwk' })
  return jsonAnswer({ keys: [{ ...jwk, use: 'sig', alg: 'EdDSA' }] })
}

export async function metrics({ server }: Asked<unknown, unknown>): Promise<Response> {
  return new Response(await server.metrics.text(), {
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  })
}
