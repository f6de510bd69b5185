import { z } from 'zod'
import { defineTool, emailAddress, line } from '../tool.ts'

const sendEmail = defineTool({
  name: 'send_email',
  title: 'Send an e-mail',
  description: 'Sends an e-mail to an address outside the company. It cannot be called back.',
  effect: 'irreversible',
  external: true,
  input: z.strictObject({
    to: emailAddress('Address of the recipient.'),
    subject: line('Subject of the e-mail.', 200),
    body: line('Text of the e-mail.', 8000),
  }),
  output: z.strictObject({ email_id: z.string(), sent_to: z.string() }),
  run: (desk, { to, subject, body }) => {
    const id = desk.newId('email')
    desk.emails.push({ id, to, subject, body })
    return { email_id: id, sent_to: to }
  },
})

export const emailTools = [sendEmail]
