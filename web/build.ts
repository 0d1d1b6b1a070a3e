import { createHash } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

// Builds the console, and the page for end customers, where its sources changed since it was built, or `--always`. Where the tools
// are not installed, as in production, it serves what was built before.
const folder = import.meta.dirname
const mark = join(folder, 'dist', 'sources')

const sources = hashOf(
  globSync(['{src,public}/**/*', '*.html', 'vite*.config.ts', 'package.json'], {
    cwd: folder,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name)),
)

if (process.argv.includes('--always') || readMark() !== sources) {
  // Whoever builds, it is for people: React's development build is twice as large.
  process.env.NODE_ENV = 'production'
  const { build } = await loadVite()
  for (const name of ['vite.config.ts', 'vite.connect.config.ts']) {
    await build({ configFile: join(folder, name), logLevel: 'warn' })
  }
  writeFileSync(mark, sources)
}

async function loadVite(): Promise<typeof import('vite')> {
  try {
    createRequire(import.meta.url).resolve('vite')
  } catch {
    console.error('The console is not built: its tools are not installed. Run "npm ci" first.')
    process.exit(0)
  }
  return import('vite')
}

function readMark(): string | undefined {
  try {
    return readFileSync(mark, 'utf8')
  } catch {
    return undefined
  }
}

function hashOf(files: string[]): string {
  const hash = createHash('sha256')
  for (const file of files.sort()) {
    if (file.endsWith('schema.d.ts')) continue
    hash
      .update(`${file.slice(folder.length)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}
