/**
 * Whether an address fits a server's URI template (RFC 6570). The template is a server's and the address a model's, so it is no regular
 * expression: `{a}{b}{c}{d}` against a long address would take a time that grows with its fourth power. This takes the product of both
 * lengths at most. It is for finding the server, so where the standard is finer it lets more pass: a list may have empty members.
 */

/** A longer address fits no template; a resource that is listed, or the door of one server, takes any. */
const uriCharactersMax = 2_048
const templateCharactersMax = 512
const expressionsMax = 16

/** A text as it stands, or one or more characters of which none is among these. */
type Segment = { readonly text: string } | { readonly without: string }

/** A matcher of this template; undefined when it is no template, or one beyond the limits. Pure. */
export function templateMatcher(template: string): ((uri: string) => boolean) | undefined {
  const segments = template.length > templateCharactersMax ? undefined : segmentsOf(template)
  if (segments === undefined) return undefined
  return (uri) => uri.length <= uriCharactersMax && matches(segments, uri)
}

function segmentsOf(template: string): readonly Segment[] | undefined {
  const segments: Segment[] = []
  let end = 0
  let expressions = 0
  for (const { 0: whole, 1: expression = '', index } of template.matchAll(/\{([^{}]*)\}/g)) {
    segments.push({ text: template.slice(end, index) }, ...segmentsOfExpression(expression))
    end = index + whole.length
    expressions += expression.split(',').length
  }
  if (expressions > expressionsMax) return undefined
  segments.push({ text: template.slice(end) })
  return segments.some((segment) => 'text' in segment && /[{}]/.test(segment.text)) ? undefined : segments
}

const lineEnds = '\n\r\u2028\u2029'

function segmentsOfExpression(expression: string): readonly Segment[] {
  const [, operator = '', list = ''] = /^([+#./?&]?)(.*)$/s.exec(expression) ?? []
  const names = list.split(',').map((name) => name.replace('*', '').trim())
  if (operator === '?' || operator === '&') {
    return names.flatMap((name, at) => [{ text: `${at === 0 ? operator : '&'}${name}=` }, { without: '&' }])
  }
  if (operator === '+' || operator === '#') return [{ without: lineEnds }]
  const value: Segment = { without: names.length > 1 || list.includes('*') ? '/' : '/,' }
  return operator === '' ? [value] : [{ text: operator }, value]
}

/** Goes through the segments with all places at once up to which the address fits those before. */
function matches(segments: readonly Segment[], uri: string): boolean {
  let reached = new Uint8Array(uri.length + 1)
  reached[0] = 1
  for (const segment of segments) {
    const next = new Uint8Array(uri.length + 1)
    if ('text' in segment) {
      const { text } = segment
      for (let at = reached.indexOf(1); at !== -1; at = reached.indexOf(1, at + 1)) {
        if (uri.startsWith(text, at)) next[at + text.length] = 1
      }
    } else {
      const { without } = segment
      let isWithin = false
      for (let at = 0; at < uri.length; at++) {
        if (reached[at] === 1) isWithin = true
        if (isWithin && without.includes(uri.charAt(at))) isWithin = false
        if (isWithin) next[at + 1] = 1
      }
    }
    reached = next
  }
  return reached[uri.length] === 1
}
