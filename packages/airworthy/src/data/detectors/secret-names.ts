/** Names under which people keep secrets, and values that look like one rather than like a placeholder. */

const secretName =
  /(?:pass(?:word|wd|phrase)|pwd|secret|api_?key|access_?key|private_?key|account_?key|auth_?token|access_?token|refresh_?token|bearer)$/
const secretNameLengthMax = 64

/** `azureClientSecret`, `AWS_SECRET_ACCESS_KEY`, `x-api-key`: yes. `token_count`, `secretary`: no. */
export function isSecretName(name: string): boolean {
  return name.length <= secretNameLengthMax && secretName.test(name.toLowerCase().replaceAll('-', '_'))
}

/** Whether a secret's name promises a password (any text) rather than a key (letters and digits). */
export function isPasswordName(name: string): boolean {
  return /(?:pass|pwd)/i.test(name)
}

const placeholder = /^(?:pass(?:word|wd)?|secret|changeme|token|none|null|undefined|true|false|x{3,64}|\*{3,64})$/i
const pseudonym = /^(?:PII|SECRET|REGULATED)_[A-Z_]{2,32}_\d{1,6}$/
const template = /[<>[\]{}]|\$\(|^\$|^%|your|replace|change|placeholder|example|redacted|dummy/i

/** A password, told by its name: anything of 6 characters or more that is not plainly a placeholder or a reference. */
export function isPassword(value: string): boolean {
  return value.length >= 6 && value.length <= 256 && !/\s/.test(value) && !isPlaceholder(value)
}

/** A key or token, told by its name and its looks: 12 characters or more, with letters and digits. */
export function isSecretValue(value: string): boolean {
  return isPassword(value) && value.length >= 12 && /\d/.test(value) && /[a-z]/i.test(value)
}

export function isPlaceholder(value: string): boolean {
  return placeholder.test(value) || template.test(value) || pseudonym.test(value)
}
