import { describe, expect, test } from 'vitest'
import type { Settings } from '../../src/instances/schema.ts'
import {
  findSettingFaults,
  findUnknownSettings,
  keepSettings,
} from '../../src/instances/settings.ts'

const example = 'it must be a Unicode TR35 pattern such as yyyy-MM-dd, or unix, or unixMillis'

describe('refused', () => {
  test.each([
    '',
    ' ',
    'Europe',
    'Europe/Berlinn',
    'Mars/Olympus',
    'Europe/Paris ',
    '+01:00',
    '-0530',
    '0',
    'Etc/GMT+99',
    '../Europe/Paris',
    'Europe/Paris\0',
    '\ud800',
    'x'.repeat(100_000),
  ])('%j is no time zone', (timeZone) => {
    expect(findSettingFaults({ timeZone })).toEqual([
      { key: 'settings.timeZone', reason: 'is no IANA time zone, such as Europe/Paris' },
    ])
  })

  test.each([
    ['', `has no field: ${example}`],
    ['-- ::', `has no field: ${example}`],
    ["'yyyy-MM-dd'", `has no field: ${example}`],
    ["''", `has no field: ${example}`],
    ["'yyyy'''", `has no field: ${example}`],
    ["yyyy-MM-dd'T", `has a quote that is not closed: ${example}`],
    ["'", `has a quote that is not closed: ${example}`],
    ["yyyy'''", `has a quote that is not closed: ${example}`],
    ['yyyy-MM-ddTHH:mm', `has "T", which is no field: ${example}`],
    ['iso8601', `has "i", which is no field: ${example}`],
    ['%Y-%m-%d %I', `has "Y", which is no field: ${example}`],
    ['Unix', `has "U", which is no field: ${example}`],
    ['unixmillis', `has "n", which is no field: ${example}`],
    ["yyyy'\0'", `has a character that cannot be printed: ${example}`],
    ['yyyy\n', `has a character that cannot be printed: ${example}`],
    ['yyyy\ud800', `has a character that cannot be printed: ${example}`],
    [`${'y'.repeat(101)}`, 'has more than 100 characters'],
    [`${"'".repeat(1_000_000)}`, 'has more than 100 characters'],
  ])('the date format %.30j is refused', (dateFormat, reason) => {
    expect(findSettingFaults({ dateFormat })).toEqual([{ key: 'settings.dateFormat', reason }])
  })

  test('all that is wrong is told at once', () => {
    const faults = findSettingFaults({
      timeZone: 'Nowhere',
      dateFormat: 'T',
      rateLimitId: 7,
      rateLimits: [{ amount: 1, unit: 'second' }],
    })
    expect(faults.map(({ key }) => key)).toEqual([
      'settings.timeZone',
      'settings.dateFormat',
      'settings.rateLimitId',
    ])
  })
})

describe('accepted', () => {
  test.each(['Europe/Paris', 'UTC', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata'])(
    'the time zone %s',
    (timeZone) => {
      expect(findSettingFaults({ timeZone })).toEqual([])
    },
  )

  test.each([
    'unix',
    'unixMillis',
    'yyyy-MM-dd',
    "yyyy-MM-dd'T'HH:mm:ssXXX",
    "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'",
    'EEE, d MMM yyyy HH:mm:ss zzz',
    "h 'o''clock' a",
    "''yy",
    "d. MMMM y 'г.'",
    'yyyy年M月d日',
    "yyyy-DDD 'day' EEEE",
    'dd/MM/yyyy hh:mm:ss a',
  ])('the date format %j', (dateFormat) => {
    expect(findSettingFaults({ dateFormat })).toEqual([])
  })

  test('nothing at all', () => {
    expect([findSettingFaults({}), keepSettings({})]).toEqual([[], {}])
  })

  test('what is known is kept, and nothing else, at no depth', () => {
    const given = {
      timeZone: 'UTC',
      rateLimits: [{ amount: 10, unit: 'second', note: '\0' }],
      colour: '\0',
      constructor: 1,
    } as unknown as Settings
    expect(keepSettings(given)).toEqual({
      timeZone: 'UTC',
      rateLimits: [{ amount: 10, unit: 'second' }],
    })
    expect(findUnknownSettings(given)).toEqual(['colour', 'constructor'])
  })
})
