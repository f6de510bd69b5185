/** Formats of credentials that their issuers publish: a fixed prefix, then a run of characters of one alphabet. */

export interface CredentialFormat {
  readonly prefix: string
  readonly alphabet: Alphabet
  /** Length of the run after the prefix, in characters; a longer run than `max` is something else. */
  readonly min: number
  readonly max: number
  /** What must also hold of the run, where the prefix alone is too common. */
  readonly holds?: (run: string) => boolean
}

/** upper: A-Z 0-9. hex: 0-9 a-f in either case. word: letters and digits. key: word, `_`, `-`. jwt: key, `.`. base64: jwt, `/+=`. */
export type Alphabet = 'upper' | 'hex' | 'word' | 'key' | 'jwt' | 'base64'

/** Runs without a published length end here, so that no start looks further. */
const open = 512
/** Runs that hold a whole document (JWT, service account tokens): as long as they are. */
const document = Number.POSITIVE_INFINITY

const hasDigit = (run: string): boolean => /\d/.test(run)
const includes = (mark: string) => (run: string) => run.includes(mark)
const isJwt = (run: string): boolean => {
  const parts = run.split('.')
  return parts.length >= 3 && parts[1]!.startsWith('eyJ') && parts[2]!.length >= 8
}

export const credentialFormats: readonly CredentialFormat[] = [
  // The kit's own: an agent holds the token of its task, and can be talked into telling it. A dash at the end may be a sentence's.
  ...['awt_', 'awa_', 'awo_', 'awp_', 'awu_'].map((prefix) => format(prefix, 'key', 30, 32)),
  format('awc_', 'key', 41, 43),
  // Amazon: access key ids; the secret halves have no prefix and are found as assignments.
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((prefix) => format(prefix, 'upper', 16, 16)),
  // Code hosts and registries
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => format(prefix, 'word', 36, 255)),
  format('github_pat_', 'key', 22, 255),
  ...['glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-', 'glsoat-'].map((prefix) => format(prefix, 'base64', 20, open)),
  format('npm_', 'word', 36, 36),
  format('pypi-AgEIcHlwaS5vcmc', 'key', 50, open),
  ...['dckr_pat_', 'dckr_oat_'].map((prefix) => format(prefix, 'key', 27, 40)),
  // Models
  ...['sk-', 'sess-'].map((prefix) => format(prefix, 'key', 40, open, includes('T3BlbkFJ'))),
  format('sk-ant-', 'key', 24, open, hasDigit),
  format('sk-or-v1-', 'hex', 64, 64),
  format('gsk_', 'word', 52, 52),
  format('hf_', 'word', 34, 40),
  format('r8_', 'word', 37, 40),
  format('pplx-', 'word', 40, 64),
  format('xai-', 'word', 64, 96),
  // Clouds and deployment
  format('AIza', 'key', 35, 35),
  format('GOCSPX-', 'key', 28, 28),
  format('ya29.', 'key', 20, open),
  ...['cfat_', 'cfut_', 'cfk_'].map((prefix) => format(prefix, 'word', 48, 48, (run) => /[\da-f]{8}$/.test(run))),
  format('dapi', 'hex', 32, 32),
  ...['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'].map((prefix) => format(prefix, 'word', 24, 96)),
  ...['dop_v1_', 'doo_v1_', 'dor_v1_'].map((prefix) => format(prefix, 'hex', 64, 64)),
  ...['hvs.', 'hvb.'].map((prefix) => format(prefix, 'key', 24, open)),
  // Messages, mail, payments, shops, work
  ...['xoxa-', 'xoxb-', 'xoxe-', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'].map((prefix) =>
    format(prefix, 'key', 10, open, hasDigit),
  ),
  format('hooks.slack.com/services/', 'base64', 20, 128, (run) => /^T\w{1,32}\/B\w{1,32}\/\w/.test(run)),
  format('SG.', 'base64', 60, 80, (run) => /^[\w-]{20,24}\.[\w-]{40,50}$/.test(run)),
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'].map((prefix) => format(prefix, 'word', 10, 255)),
  format('whsec_', 'base64', 24, 128),
  ...['shpss_', 'shpat_', 'shpca_', 'shppa_'].map((prefix) => format(prefix, 'word', 32, 64)),
  ...['sq0atp-', 'sq0csp-'].map((prefix) => format(prefix, 'key', 22, 64)),
  format('lin_api_', 'word', 32, 64),
  format('ntn_', 'word', 40, 64),
  format('PMAK-', 'key', 50, 80),
  format('figd_', 'key', 32, 80),
  ...['glsa_', 'glc_'].map((prefix) => format(prefix, 'base64', 32, open)),
  format('ATATT3', 'base64', 100, open),
  // Whole documents
  format('ops_eyJ', 'key', 200, document),
  format('eyJ', 'jwt', 32, document, isJwt),
  format('AGE-SECRET-KEY-1', 'upper', 58, 58),
]

function format(
  prefix: string,
  alphabet: Alphabet,
  min: number,
  max: number,
  holds?: (run: string) => boolean,
): CredentialFormat {
  return { prefix, alphabet, min, max, ...(holds === undefined ? {} : { holds }) }
}
