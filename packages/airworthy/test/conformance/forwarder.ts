/** The suite sends no credentials; this stands before the gateway and adds one to each request, and changes nothing else. */
import http from 'node:http'
import { type Listening, listen } from './fixture-http.ts'

/** @param target  where requests go, whatever path they name. @param authorization  the header that is added. */
export async function startForwarder(target: URL, authorization: string): Promise<Listening> {
  let ownPort = ''
  const server = http.createServer((request, response) => {
    // A Host that names somebody else is what one of the scenarios is about; ours would be wrong behind us.
    const { host = '', origin } = request.headers
    const headers = {
      ...request.headers,
      authorization,
      host: isOurs(host, ownPort) ? target.host : host,
      ...(origin !== undefined && isOurs(origin.replace(/^http:\/\//, ''), ownPort) && { origin: target.origin }),
    }
    const onward = http.request(
      { host: target.hostname, port: target.port, path: target.pathname, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
        answer.on('error', () => response.destroy())
      },
    )
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  const port = await listen(server)
  ownPort = `:${port}`
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function isOurs(host: string, ownPort: string): boolean {
  return host === `127.0.0.1${ownPort}` || host === `localhost${ownPort}`
}
