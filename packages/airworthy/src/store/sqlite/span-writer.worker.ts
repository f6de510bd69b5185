/** The thread that reads and writes spans, on a connection of its own, and carries what was committed into the files. */
import { parentPort, workerData } from 'node:worker_threads'
import { AirworthyError, invariant } from '../../core/errors.ts'
import type { ReceivedSpans, SpanRequest } from '../../operate/traces/port.ts'
import { carry, carryAll, takeCheckpoints } from './checkpoint-pages.ts'
import { openSqlite, openTraces } from './open.ts'
import { type SpanReader, threadedSpanReader } from './span-reader.ts'
import type { FromThread, ThreadData, ToThread } from './span-thread.ts'
import { sqliteSpanWriter } from './span-writer.ts'

const carryEveryMs = 1_000
const port = parentPort
invariant(port !== null, 'this runs as a worker thread')
const { dir } = workerData as ThreadData
const db = openTraces(dir)
const ledger = openSqlite(dir)
const writer = sqliteSpanWriter(db, ledger)
takeCheckpoints({ traces: db, ledger })
const carrying = setInterval(() => {
  carry(ledger)
  if (!db.inTransaction) carry(db)
}, carryEveryMs)
carrying.unref()
let reader: SpanReader | undefined
/** Begun with the first request; where there are none, there is no thread for them. */
function readAndWrite(request: SpanRequest): Promise<ReceivedSpans> {
  reader ??= threadedSpanReader(writer.writePacked)
  return reader.read(request)
}
const say = (message: FromThread): void => port.postMessage(message)

port.on('message', async (message: ToThread) => {
  if (message.kind === 'close') {
    clearInterval(carrying)
    await reader?.close()
    await writer.close()
    db.close()
    ledger.close()
    port.close()
    return
  }
  if (message.kind === 'carry') return carryAll(ledger)
  const { id } = message
  try {
    if (message.kind === 'write') say({ id, answer: await readAndWrite(message.request) })
    else if (message.kind === 'expire') say({ id, answer: await writer.expire(message.act) })
    else say({ id, answer: await writer.record(message.spans).then(() => undefined) })
  } catch (error) {
    // Errors lose their class on the way.
    if (error instanceof AirworthyError)
      say({ id, fault: { code: error.code, message: error.message, mend: error.mend } })
    else say({ id, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
