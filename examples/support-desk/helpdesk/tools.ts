/** All tools of the helpdesk, in the order in which they are offered. */
import type { DeskTool } from './tool.ts'
import { articleTools } from './tools/articles.ts'
import { customerTools } from './tools/customers.ts'
import { emailTools } from './tools/email.ts'
import { orderTools } from './tools/orders.ts'
import { ticketTools } from './tools/tickets.ts'

export const deskTools: readonly DeskTool[] = [
  ...articleTools,
  ...customerTools,
  ...orderTools,
  ...ticketTools,
  ...emailTools,
]

/** Names of the tools that change nothing, which therefore need no permit. */
export const readTools: readonly string[] = deskTools.filter(({ effect }) => effect === 'read').map(({ name }) => name)
