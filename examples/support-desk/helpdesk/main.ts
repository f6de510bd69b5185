/** Starts the helpdesk. Environment: PORT (0: a free one), DESK_SEED, AIRWORTHY_PERMIT_KEY or HELPDESK_PERMITS=off, HELPDESK_STATE_TOKEN. */
import { listen } from '../listen.ts'
import { banner, createHelpdesk } from './app.ts'

const { PORT = '0', DESK_SEED = '1', HELPDESK_PERMITS, AIRWORTHY_PERMIT_KEY, HELPDESK_STATE_TOKEN } = process.env
const permitsOff = HELPDESK_PERMITS === 'off'
if (!permitsOff && !AIRWORTHY_PERMIT_KEY) {
  console.error(
    'AIRWORTHY_PERMIT_KEY is missing: give the kit’s permit key, or set HELPDESK_PERMITS=off to run without permits.',
  )
  process.exit(3)
}
const { app } = createHelpdesk({
  seed: Number(DESK_SEED),
  permitKey: permitsOff ? undefined : AIRWORTHY_PERMIT_KEY,
  stateToken: HELPDESK_STATE_TOKEN,
})
console.error(banner(!permitsOff))
await listen(app, Number(PORT), '')
