/** Starts the simulated model. Environment: PORT (0: a free one), MODEL_SEED. The printed address is an OpenAI base address. */
import { listen } from '../listen.ts'
import { banner, createModel } from './app.ts'

const { PORT = '0', MODEL_SEED = '1' } = process.env
console.error(banner)
await listen(createModel(Number(MODEL_SEED)), Number(PORT), '/v1')
