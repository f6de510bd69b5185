/** The house as a test: imports run one way, pure rooms stay pure, no file is a dumping ground, the demo knows no test. */
import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const src = join(root, 'src')
const workspace = join(root, '../..')

/** Which rooms a room may import from, besides itself. The order is that of docs/ARCHITECTURE.md, from the ground up. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  policy: ['core'],
  data: ['core'],
  contract: ['core'],
  audit: ['core'],
  guard: ['core', 'policy', 'data', 'audit'],
  telemetry: ['core'],
  readiness: ['core', 'audit'],
  evals: ['core', 'policy', 'data', 'audit', 'guard', 'telemetry', 'readiness'],
  operate: ['core', 'policy', 'data', 'audit', 'guard', 'telemetry', 'readiness', 'evals'],
  store: ['core', 'audit', 'guard', 'telemetry', 'readiness', 'evals', 'operate'],
  upstream: ['core', 'guard'],
  kit: ['core', 'policy', 'data', 'audit', 'guard', 'telemetry', 'readiness', 'evals', 'operate', 'store', 'upstream'],
  embedded: ['core', 'guard', 'operate', 'kit', 'sdk', 'contract'],
  server: ['core', 'policy', 'data', 'contract', 'audit', 'guard', 'telemetry', 'readiness', 'evals', 'operate', 'kit'],
  sdk: ['core', 'contract'],
  cli: [
    'core',
    'policy',
    'data',
    'contract',
    'audit',
    'guard',
    'telemetry',
    'readiness',
    'evals',
    'operate',
    'store',
    'upstream',
    'kit',
    'server',
  ],
}

/** Rooms without clock, disk, network or environment. */
const pureRooms = ['core', 'policy', 'data', 'audit', 'telemetry', 'readiness']
/** What pure rooms may have of Node: computation, and `module` to load the Cedar engine. */
const pureModules = new Set(['crypto', 'buffer', 'module'])

interface Import {
  readonly file: string
  readonly target: string
  readonly isType: boolean
}

const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.endsWith('.test.ts'))
const sourceOf = (file: string): string => readFileSync(join(src, file), 'utf8')
const roomOf = (file: string): string => {
  const [first = ''] = file.split('/')
  return first.endsWith('.ts') ? first.slice(0, -'.ts'.length) : first
}

const imports: readonly Import[] = files.flatMap((file) =>
  [
    ...sourceOf(file).matchAll(
      /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'"\n;]*?(?:\{[^}]*\})?[^'"\n;]*?from\s+['"]([^'"]+)['"]|import\(['"]([^'"]+)['"]\)/g,
    ),
  ].map(([whole, type, from, dynamic]) => ({
    file,
    target: (from ?? dynamic) as string,
    isType: type !== undefined || /\btypeof import\(|: import\(/.test(whole),
  })),
)

describe('the house', () => {
  it('has only rooms that stand in the list', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => mayImport[room] === undefined)).toEqual([])
  })

  it('imports run one way', () => {
    const wrong = imports.flatMap(({ file, target }) => {
      if (!target.startsWith('.')) return []
      const to = roomOf(relative(src, join(src, dirname(file), target)))
      const from = roomOf(file)
      return to === from || mayImport[from]?.includes(to) ? [] : [`${file} -> ${target}`]
    })
    expect(wrong).toEqual([])
  })

  it('value imports form no circle', () => {
    const edges = new Map<string, string[]>()
    for (const { file, target, isType } of imports) {
      if (isType || !target.startsWith('.')) continue
      edges.set(file, [...(edges.get(file) ?? []), relative(src, join(src, dirname(file), target))])
    }
    const circles: string[] = []
    const state = new Map<string, 'open' | 'done'>()
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
        return
      }
      state.set(file, 'open')
      for (const next of edges.get(file) ?? []) visit(next, [...path, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
    expect(circles).toEqual([])
  })

  it('only kit imports the store and the ways out (and the CLI, which reads the log beside a running kit)', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (!target.startsWith('.')) return false
      const to = roomOf(relative(src, join(src, dirname(file), target)))
      return (to === 'store' || to === 'upstream') && !['store', 'upstream', 'kit', 'cli'].includes(roomOf(file))
    })
    expect(wrong).toEqual([])
  })

  it('pure rooms have no clock, disk, network, environment or randomness', () => {
    const wrong = files
      .filter((file) => pureRooms.includes(roomOf(file)))
      .flatMap((file) => {
        const text = sourceOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        const banned =
          /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|process\.(?!versions)|fetch\(|setTimeout|setInterval)/.exec(
            text,
          )
        const modules = imports
          .filter((one) => one.file === file)
          .map(({ target }) => target.replace(/^node:/, ''))
          .filter((target) => builtinModules.includes(target) && !pureModules.has(target))
        // core/ids.ts mints ids from the time that it is given and is core's one use of randomness.
        return banned === null && modules.length === 0
          ? []
          : [`${file}: ${[banned?.[0], ...modules].filter(Boolean).join(', ')}`]
      })
    expect(wrong).toEqual([])
  })

  it('SQL stays in the store, and Cedar in the policy room', () => {
    const sql = files.filter(
      (file) => roomOf(file) !== 'store' && /\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET)\b/.test(sourceOf(file)),
    )
    const cedar = imports.filter(({ file, target }) => target.startsWith('@cedar-policy') && roomOf(file) !== 'policy')
    expect([sql, cedar]).toEqual([[], []])
  })

  it('JSON is read in one place, which knows how the engine reads keys with escapes', () => {
    expect(
      files.filter((file) => /\bJSON\.parse\(|\.json\(\)/.test(sourceOf(file).replace(/z\.json\(\)/g, ''))),
    ).toEqual(['core/value-of-json.ts'])
  })

  it('the database is only opened by the store', () => {
    expect(imports.filter(({ file, target }) => target === 'better-sqlite3' && roomOf(file) !== 'store')).toEqual([])
  })

  it('the SDK stays light: no library, but the peer that its wrapper is for', () => {
    const heavy = imports.filter(
      ({ file, target, isType }) =>
        roomOf(file) === 'sdk' && !isType && !target.startsWith('.') && !target.startsWith('node:'),
    )
    expect(heavy.map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
  })

  it('no dumping grounds', () => {
    const named = files.filter((file) => /(^|\/)(utils?|helpers?|common|shared|manager|misc)(\/|\.ts$)/.test(file))
    expect(named).toEqual([])
  })

  it('no default exports, no `any`', () => {
    const wrong = files.filter((file) =>
      /^export default|: any\b|<any>|as any\b/m.test(sourceOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')),
    )
    expect(wrong).toEqual([])
  })

  it('barrels are public doors only', () => {
    const doors = Object.values(
      (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, unknown> }).exports,
    ).flatMap((door) =>
      typeof door === 'object' && door !== null
        ? [(door as { default: string }).default.replace('./dist/', '').replace(/js$/, 'ts')]
        : [],
    )
    expect(files.filter((file) => file.endsWith('/index.ts')).filter((file) => !doors.includes(file))).toEqual([])
    const through = imports.filter(({ target }) => target.startsWith('.') && target.endsWith('/index.ts'))
    expect(through).toEqual([])
  })
})

describe('the tests', () => {
  // Test files that run one after another in one worker share their modules (vitest.config.ts).
  it('replace no module and no global, so that none changes the next file', () => {
    const replacing = /\bvi\.(mock|doMock|hoisted|resetModules|stubEnv|stubGlobal|useFakeTimers)\(|process\.chdir\(/
    const tests = globSync(['packages/*/{src,test}/**/*.ts', 'examples/**/*.ts', 'scripts/**/*.ts'], { cwd: workspace })
      .filter((file) => !/(^|\/)(dist|node_modules)\//.test(file))
      .filter((file) => /\.test\.ts$|\/test\//.test(file))
    expect(tests.length).toBeGreaterThan(100)
    expect(tests.filter((file) => replacing.test(readFileSync(join(workspace, file), 'utf8')))).toEqual([])
  })
})

describe('the reference agent', () => {
  const desk = join(workspace, 'examples/support-desk')
  const deskFiles = globSync('**/*.ts', { cwd: desk }).filter(
    (file) => !/(^|\/)(dist|node_modules)\//.test(file) && !file.endsWith('.test.ts'),
  )

  it('shares no file, phrase or id with test/', () => {
    const phrases = (text: string): Set<string> =>
      new Set(
        [...text.matchAll(/'([^'\n]{24,})'|"([^"\n]{24,})"|`([^`\n$]{24,})`/g)].map(
          (match) => (match[1] ?? match[2] ?? match[3]) as string,
        ),
      )
    const ids = (text: string): Set<string> => new Set(text.match(/\b[A-Z]{2,5}-\d{3,}\b/g) ?? [])
    const testTexts = globSync('**/*.{ts,yaml,json,md}', { cwd: join(root, 'test') }).map((file) =>
      readFileSync(join(root, 'test', file), 'utf8'),
    )
    const inTests = {
      phrases: new Set(testTexts.flatMap((text) => [...phrases(text)])),
      ids: new Set(testTexts.flatMap((text) => [...ids(text)])),
    }
    const sharedWords = deskFiles.flatMap((file) => {
      const text = readFileSync(join(desk, file), 'utf8')
      return [
        ...[...phrases(text)].filter((phrase) => inTests.phrases.has(phrase)),
        ...[...ids(text)].filter((id) => inTests.ids.has(id)),
      ].map((word) => `${file}: ${word}`)
    })
    // Addresses of packages are words of the language here, not of the test.
    expect(
      sharedWords.filter(
        (word) => !/(@modelcontextprotocol|@hono|@ai-sdk|node:|application\/json|: airworthy\/)/.test(word),
      ),
    ).toEqual([])
  })

  it('imports neither tests nor the insides of the kit', () => {
    const wrong = deskFiles.flatMap((file) =>
      [...readFileSync(join(desk, file), 'utf8').matchAll(/from '([^']+)'/g)]
        .map((match) => match[1] as string)
        .filter((target) => /packages\/|\/test\/|airworthy\/(?!permit$)/.test(target))
        .map((target) => `${file} -> ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('the simulated model knows nothing of the world', () => {
    const wrong = globSync('model/**/*.ts', { cwd: desk })
      .filter((file) => !file.endsWith('.test.ts'))
      .filter((file) => /from '\.\.\/(\.\.\/)?(world|helpdesk|demo)/.test(readFileSync(join(desk, file), 'utf8')))
    expect(wrong).toEqual([])
  })
})
