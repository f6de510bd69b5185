/**
 * Which process executes an action. After a crash its actions are in doubt, and they may be looked at as soon as that process
 * is certainly gone; otherwise when their time is over. A process id alone comes round again, so its start time stands beside it.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** `host/pid/start/random` of this process. */
export function newOwner(): string {
  return `${hostname()}/${process.pid}/${startOf(process.pid) ?? 'unknown'}/${randomBytes(4).toString('hex')}`
}

/** True only when the owner ran on this host and its process is gone. */
export function isOwnerGone(owner: string): boolean {
  const [host, pid, start] = owner.split('/')
  if (host !== hostname() || !/^\d+$/.test(pid ?? '')) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const now = startOf(Number(pid))
  return start !== 'unknown' && now !== undefined && now !== start
}

/** Start time in clock ticks since boot, where the system tells it. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces; field 22 counts from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
