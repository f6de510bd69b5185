/**
 * Acts that come while one is under way go together, those of one kind as one act of the database: one statement, one commit, one reply.
 * Who comes when none is under way does not wait.
 *
 * All kinds take one road, so that calls fall into step: those that intended together settle together. Two groups at a time, each of
 * half as many, cost a sixth more.
 */
import { invariant } from '../../core/errors.ts'

/** One for all kinds of acts of a connection. */
export interface ActRoad {
  groups: number
  /** Where somebody waits, in the order in which they began to. */
  readonly waiting: Set<Queue>
}

export function actRoad(): ActRoad {
  return { groups: 0, waiting: new Set() }
}

/**
 * @returns what does an act, together with others of that agent; it throws what `run` throws.
 * @param run  does these, whose tasks all differ and come in the order of their ids. An answer that is undefined: that one was left out
 *   and is done again alone, when it always has an answer.
 * @param isRefused  whether that error says that nothing was done; then each is done again alone.
 */
export function gatheredActs<Item extends { readonly task: string }, Answer>(
  road: ActRoad,
  run: (agent: string | undefined, items: readonly Item[]) => Promise<readonly (Answer | undefined)[]>,
  isRefused: (error: unknown) => boolean,
): (agent: string | undefined, item: Item) => Promise<Answer> {
  interface Waiting {
    readonly item: Item
    readonly resolve: (answer: Answer) => void
    readonly reject: (error: unknown) => void
  }
  interface AgentQueue extends Queue {
    readonly acts: Waiting[]
    /** Of those that wait and those that are under way. */
    readonly tasks: Set<string>
  }
  const queues = new Map<string | undefined, AgentQueue>()

  function queueOf(agent: string | undefined): AgentQueue {
    const known = queues.get(agent)
    if (known !== undefined) return known
    const acts: Waiting[] = []
    const tasks = new Set<string>()
    const queue: AgentQueue = {
      acts,
      tasks,
      isLettingIn: false,
      timer: undefined,
      async send() {
        const group = acts.splice(0, actsPerGroupMax)
        await together(agent, group)
        for (const { item } of group) tasks.delete(item.task)
        if (tasks.size === 0) queues.delete(agent)
      },
    }
    queues.set(agent, queue)
    return queue
  }

  /** Never throws. */
  async function together(agent: string | undefined, group: readonly Waiting[]): Promise<void> {
    const [first] = group
    if (first !== undefined && group.length === 1) return await alone(agent, first)
    const sorted = group.toSorted((a, b) => (a.item.task < b.item.task ? -1 : 1))
    try {
      const answers = await run(
        agent,
        sorted.map(({ item }) => item),
      )
      for (const [place, one] of sorted.entries()) {
        const answer = answers[place]
        if (answer === undefined) alone(agent, one)
        else one.resolve(answer)
      }
    } catch (error) {
      for (const one of sorted) {
        if (isRefused(error)) alone(agent, one)
        else one.reject(error)
      }
    }
  }

  async function alone(agent: string | undefined, { item, resolve, reject }: Waiting): Promise<void> {
    try {
      const [answer] = await run(agent, [item])
      invariant(answer !== undefined, 'an act that is done alone has an answer')
      resolve(answer)
    } catch (error) {
      reject(error)
    }
  }

  return (agent, item) =>
    new Promise((resolve, reject) => {
      const queue = queueOf(agent)
      // Of two acts of one task only one finds it as it was seen: the other is not to wait for that answer in a line.
      if (queue.tasks.has(item.task)) {
        alone(agent, { item, resolve, reject })
        return
      }
      queue.acts.push({ item, resolve, reject })
      queue.tasks.add(item.task)
      road.waiting.add(queue)
      if (mayGo(road, queue)) letIn(road, queue)
      else beImpatient(road, queue)
    })
}

/** Acts of one kind and agent. */
interface Queue {
  readonly acts: readonly unknown[]
  isLettingIn: boolean
  timer: NodeJS.Timeout | undefined
  /** Sends a group of those that wait; never throws. */
  send(): Promise<void>
}

function mayGo(road: ActRoad, queue: Queue): boolean {
  return road.groups === 0 || queue.acts.length >= actsPerGroupEnough
}

/** Answers that came together lead to acts that come together: they are let in before the group goes. */
function letIn(road: ActRoad, queue: Queue): void {
  if (queue.isLettingIn) return
  queue.isLettingIn = true
  setImmediate(() => {
    queue.isLettingIn = false
    if (mayGo(road, queue)) go(road, queue)
    else beImpatient(road, queue)
  })
}

/** A group that is stuck, on a lock or on a dead connection, does not hold up for long what comes after it. */
function beImpatient(road: ActRoad, queue: Queue): void {
  queue.timer ??= setTimeout(() => go(road, queue), waitMsMax)
}

async function go(road: ActRoad, queue: Queue): Promise<void> {
  clearTimeout(queue.timer)
  queue.timer = undefined
  if (queue.acts.length === 0) return
  road.groups++
  const sent = queue.send()
  if (queue.acts.length > 0) beImpatient(road, queue)
  else road.waiting.delete(queue)
  await sent
  road.groups--
  if (road.groups === 0) for (const one of road.waiting) letIn(road, one)
}

/** Among so many, what a group costs by itself is little: they wait for no other. */
const actsPerGroupEnough = 8
/** More gain little, and hold the rows of more tasks. */
const actsPerGroupMax = 32
const waitMsMax = 25
