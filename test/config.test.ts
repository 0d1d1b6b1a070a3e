import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, readEnv } from '../src/config.ts'
import { temporaryFolder } from './support/folder.ts'
import { run } from './support/service.ts'
import { wrongEnvironments } from './support/wrong-environments.ts'

describe('the environment is refused, by name, with the reason and no secret, for', () => {
  test.each(Object.entries(wrongEnvironments))('%s', (_, { env, says, secret }) => {
    const refusal = refuse(env)
    expect(refusal).toBeInstanceOf(ConfigError)
    expect(refusal.message).toMatch(says)
    expect(refusal.message).not.toContain('\n')
    if (secret) expect(refusal.message).not.toContain(secret)
  })
})

test('a start with a wrong variable ends with exit code 1 and one line', async () => {
  const { env, says } = wrongEnvironments['a log level that is none']!
  const ended = await run('src/main.ts', env).ended
  expect(ended).toMatchObject({ code: 1, out: '' })
  const [line, ...more] = ended.complaint.split('\n')
  expect(more).toEqual([''])
  expect(line!.replace('Latchkey cannot start: ', '')).toMatch(says)
})

test('an empty variable is as good as none', () => {
  const names = ['HOST', 'PORT', 'DATABASE_URL', 'LATCHKEY_KEYS', 'LATCHKEY_KEYS_FILE', 'LOG_LEVEL']
  const empty = Object.fromEntries(names.map((name) => [name, ' ']))
  expect(readEnv(empty)).toEqual(readEnv({}))
})

test('without variables it listens on this machine only and trusts nobody', () => {
  expect(readEnv({})).toEqual({
    host: '127.0.0.1',
    port: 3000,
    logLevel: 'info',
    databaseUrl: undefined,
    dataDir: '.latchkey',
    sandboxPort: 3001,
    keys: undefined,
    egressAllow: [],
    egressProxy: undefined,
    publicUrl: undefined,
    trustProxy: false,
    corsOrigins: [],
    limitJitterMs: 35,
    callTimeoutMs: 60_000,
    callIdleMs: 60_000,
    operatorKey: undefined,
    metricsToken: undefined,
    traces: undefined,
  })
})

test('secret variables are read from files, without the line break at their end', async () => {
  await using folder = await temporaryFolder()
  const keys = [randomBytes(32), randomBytes(32)]
  const files = {
    DATABASE_URL: 'postgres://latchkey@127.0.0.1/latchkey',
    LATCHKEY_KEYS: keys.map((key, at) => `k${at}:${key.toString('base64')}`).join('\n'),
    LATCHKEY_EGRESS_PROXY: 'http://proxy.example.com:3128',
    LATCHKEY_OPERATOR_KEY: randomBytes(32).toString('hex'),
  }
  const env: Record<string, string> = {}
  for (const [name, text] of Object.entries(files)) {
    env[`${name}_FILE`] = join(folder.path, name)
    await writeFile(env[`${name}_FILE`]!, `${text}\n`)
  }
  expect(readEnv(env)).toMatchObject({
    databaseUrl: files.DATABASE_URL,
    keys: [
      { id: 'k0', key: keys[0] },
      { id: 'k1', key: keys[1] },
    ],
    egressProxy: files.LATCHKEY_EGRESS_PROXY,
    operatorKey: files.LATCHKEY_OPERATOR_KEY,
  })
})

test('several values are separated by commas, with or without spaces', () => {
  const config = readEnv({
    LATCHKEY_EGRESS_ALLOW: 'vendor.local, vendor.local:8080,10.0.0.0/8 , [fd00::1]:443,',
    LATCHKEY_CORS_ORIGINS: 'https://app.example.com,http://localhost:5173',
    LATCHKEY_TRUST_PROXY: '10.0.0.1, fd00::/8',
    LATCHKEY_PUBLIC_URL: 'https://latchkey.example.com//',
  })
  expect(config).toMatchObject({
    egressAllow: ['vendor.local', 'vendor.local:8080', '10.0.0.0/8', '[fd00::1]:443'],
    corsOrigins: ['https://app.example.com', 'http://localhost:5173'],
    trustProxy: '10.0.0.1, fd00::/8',
    publicUrl: 'https://latchkey.example.com',
  })
})

function refuse(env: Record<string, string>): Error {
  try {
    readEnv(env)
  } catch (error) {
    return error as Error
  }
  throw new Error('it was accepted')
}
