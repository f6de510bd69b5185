/** Flags that many commands share, each defined once. */

const text = (brief: string, placeholder?: string) =>
  ({
    kind: 'parsed',
    parse: String,
    brief,
    optional: true,
    ...(placeholder === undefined ? {} : { placeholder }),
  }) as const

export const jsonFlag = { kind: 'boolean', brief: 'Print one JSON document on stdout', default: false } as const
export const dirFlag = text("The kit's folder; default .airworthy in the project", 'DIR')
export const dbFlag = text(
  'postgres://...: the store of many gateways; default AIRWORTHY_DB, else the one in --dir',
  'URL',
)
export const projectFlag = text('Folder with airworthy.yaml; default here', 'DIR')
export const environmentFlag = text('Environment; default dev', 'NAME')
export const reasonFlag = text('Why; it stands in the audit log', 'TEXT')
export const optionalText = text
