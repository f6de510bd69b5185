/** Runs the demo's tasks through the agent and shows what the guard did with each. */
import { valueOfJson } from '../../core/value-of-json.ts'
import type { Kit } from '../../kit.ts'
import type { DemoTask } from './desk.ts'
import type { AgentWorker } from './services.ts'

export interface DemoPorts {
  readonly kit: Kit
  readonly url: string
  readonly agentKey: string
  readonly agent: AgentWorker
  /** Key of the simulated approver. */
  readonly approverKey: string
  readonly print: (text: string) => void
}

/** The approvals that stay open, for the newcomer to decide. */
export async function runTasks(ports: DemoPorts, tasks: readonly DemoTask[]): Promise<readonly string[]> {
  const open: string[] = []
  for (const [index, task] of tasks.entries()) {
    ports.print(`\n${index + 1}. ${task.title}\n   user   ${task.input}\n`)
    const opened = await post<{ task: string; token: string }>(`${ports.url}/api/v1/tasks`, ports.agentKey, {
      principal: task.principal,
      input: task.input,
      type: task.id,
    })
    const answer = await ports.agent.run({
      task: opened.task,
      token: opened.token,
      principal: task.principal,
      input: task.input,
      urls: { mcp: `${ports.url}/mcp/${ports.kit.agent}`, openai: `${ports.url}/openai/v1` },
    })
    for (const line of await actionLines(ports.kit, opened.task)) ports.print(`   guard  ${line}\n`)
    ports.print(`   model  ${await modelLine(ports.kit, opened.task)}\n`)
    ports.print(
      `   agent  ${(answer.error === undefined ? answer.reply : `failed: ${answer.error}`).replaceAll('\n', '\n          ')}\n`,
    )
    for (const approval of await pendingOf(ports.kit, opened.task)) {
      if (task.id !== 'refund') {
        open.push(approval)
        continue
      }
      ports.print('   person demo-approver (SIMULATED: the demo itself) approves exactly this refund\n')
      await post(`${ports.url}/api/v1/approvals/${approval}/decision`, ports.approverKey, {
        decision: 'approved',
        comment: 'simulated by the demo',
      })
      for (const line of (await actionLines(ports.kit, opened.task)).slice(-1)) ports.print(`   guard  ${line}\n`)
    }
    ports.print(`   note   ${task.watch}\n`)
    // What waits for a person is not over.
    if ((await pendingOf(ports.kit, opened.task)).length === 0) {
      await post(`${ports.url}/api/v1/tasks/${opened.task}/close`, opened.token, {})
    }
  }
  return open
}

/** What the task used of the model, as the budgets count it. */
async function modelLine(kit: Kit, task: string): Promise<string> {
  const [{ steps, tokens }, record] = await Promise.all([
    kit.store.models.readModelUse(task),
    kit.store.guard.readTask(task),
  ])
  const usd = (record?.counters.costUsdMicros ?? 0) / 1_000_000
  return `${steps} calls, ${tokens.toLocaleString('en-US')} tokens; model and tools $${usd.toFixed(4)}`
}

/** One line for each action of the task, from the audit log: it is the record, not a second one kept for show. */
async function actionLines(kit: Kit, task: string): Promise<string[]> {
  const entries = (await kit.store.audit.entriesOfTask(task, 1000)).map(({ text }) => valueOfJson(text) as Entry)
  const actions = new Map<string, { tool: string; said: string; outcome?: string }>()
  for (const entry of entries) {
    if (!entry.kind.startsWith('action-') || entry.object === undefined) continue
    const known = actions.get(entry.object)
    if (entry.kind === 'action-settled') {
      if (known !== undefined) known.outcome = entry.outcome ?? ''
      continue
    }
    const codes = (entry.reasons ?? []).map(({ code }) => code).join(', ')
    const verb =
      { 'action-intended': 'allow', 'action-held': 'HOLD', 'action-denied': 'DENY' }[entry.kind] ?? entry.kind
    actions.set(entry.object, { tool: entry.action ?? '', said: `${verb}${codes === '' ? '' : ` ${codes}`}` })
  }
  return [...actions.values()].map(
    ({ tool, said, outcome }) => `${tool.padEnd(16)} ${said}${outcome === undefined ? '' : `, ${outcome}`}`,
  )
}

interface Entry {
  readonly kind: string
  readonly object?: string
  readonly action?: string
  readonly outcome?: string
  readonly reasons?: readonly { readonly code: string }[]
}

async function pendingOf(kit: Kit, task: string): Promise<string[]> {
  const pending = await kit.store.approvals.listApprovals({ state: 'pending', limit: 100 })
  return pending.filter((approval) => approval.task === task).map(({ id }) => id)
}

async function post<T>(url: string, key: string, body: unknown): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return valueOfJson(await response.text()) as T
}
