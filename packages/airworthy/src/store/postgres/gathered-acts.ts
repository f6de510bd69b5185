/**
 * Acts of one kind that come while one of them is under way go together, as one act of the database: one statement, one commit, one
 * reply. Who comes when none is under way does not wait.
 */

import { invariant } from '../../core/errors.ts'

/**
 * @returns what does an act, together with others of that agent; it throws what `run` throws.
 * @param run  does these, whose tasks all differ and come in the order of their ids. An answer that is undefined: that one was left out
 *   and is done again alone, when it always has an answer.
 * @param isRefused  whether that error says that nothing was done; then each is done again alone.
 */
export function gatheredActs<Item extends { readonly task: string }, Answer>(
  run: (agent: string | undefined, items: readonly Item[]) => Promise<readonly (Answer | undefined)[]>,
  isRefused: (error: unknown) => boolean,
): (agent: string | undefined, item: Item) => Promise<Answer> {
  interface Waiting {
    readonly item: Item
    readonly resolve: (answer: Answer) => void
    readonly reject: (error: unknown) => void
  }
  interface Queue {
    readonly waiting: Waiting[]
    /** Of those that wait and those that are under way. */
    readonly tasks: Set<string>
    underWay: number
    isCalled: boolean
    timer: NodeJS.Timeout | undefined
  }
  const queues = new Map<string | undefined, Queue>()

  /** Never throws. */
  async function go(agent: string | undefined, queue: Queue): Promise<void> {
    clearTimeout(queue.timer)
    queue.timer = undefined
    const group = queue.waiting.splice(0, actsPerGroupMax)
    if (group.length === 0) return
    if (queue.waiting.length > 0) beImpatient(agent, queue)
    queue.underWay++
    await together(agent, group)
    queue.underWay--
    for (const { item } of group) queue.tasks.delete(item.task)
    if (queue.underWay > 0) return
    if (queue.waiting.length > 0) callTogether(agent, queue)
    else queues.delete(agent)
  }

  /** Answers that came together lead to acts that come together: they are let in before the group goes. */
  function callTogether(agent: string | undefined, queue: Queue): void {
    if (queue.isCalled) return
    queue.isCalled = true
    setImmediate(() => {
      queue.isCalled = false
      go(agent, queue)
    })
  }

  /** A group that is stuck, on a lock or on a dead connection, does not hold up for long what comes after it. */
  function beImpatient(agent: string | undefined, queue: Queue): void {
    queue.timer ??= setTimeout(() => {
      queue.timer = undefined
      if (queue.waiting.length > 0) go(agent, queue)
    }, waitMsMax)
  }

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
      const one: Waiting = { item, resolve, reject }
      let queue = queues.get(agent)
      if (queue === undefined) {
        queue = { waiting: [], tasks: new Set(), underWay: 0, isCalled: false, timer: undefined }
        queues.set(agent, queue)
      }
      // Of two acts of one task only one finds it as it was seen: the other is not to wait for that answer in a line.
      if (queue.tasks.has(item.task)) {
        alone(agent, one)
        return
      }
      queue.waiting.push(one)
      queue.tasks.add(item.task)
      if (queue.underWay > 0) beImpatient(agent, queue)
      else callTogether(agent, queue)
    })
}

/** More gain little, and hold the rows of more tasks. */
const actsPerGroupMax = 32
const waitMsMax = 25
