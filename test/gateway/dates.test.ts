import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findDateFormatFault, writeDate } from '../../src/definition/date-format.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'
import { type GatewayVendor, startGatewayVendor } from './types-vendor.ts'

const nobody = (name: string) => ({ type: 'none', name })
const definitions = [
  elementWith(9661, nobody('Undated')),
  elementWith(9662, nobody('Dated'), {
    settings: { timeZone: 'America/New_York', dateFormat: 'yyyy-MM-dd HH:mm' },
  }),
]

let world: World
let vendor: GatewayVendor

beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(() => {
  vendor.received.splice(0)
})

async function ask(query: string, settings: object = {}, element = 'undated') {
  const instance = await instanceOf(world, element, { server: vendor.url }, settings)
  const answer = await through(world, instance, 'GET', `/x?${query}`)
  return { answer, seen: vendor.received[0]?.target.slice('/x?'.length) }
}
/** What the vendor reads where a date stands. */
async function written(date: string, settings: object = {}, element?: string) {
  const { seen } = await ask(`since=${encodeURIComponent(`{{date ${date}}}`)}`, settings, element)
  return new URLSearchParams(seen).get('since')
}

describe('refused, with how it is written', () => {
  test.each([
    '{{date}}',
    '{{date }}',
    '{{date tomorrow}}',
    '{{date 2026-11-22}}',
    '{{date 2026-11-22T10:00:00}}',
    '{{date 2026-02-30T10:00:00Z}}',
    '{{date 2026-13-01T10:00:00Z}}',
    '{{date 2026-11-22T24:00:00Z}}',
    '{{date 2026-11-22T10:60:00Z}}',
    '{{date 2026-11-22T10:00:00+24:00}}',
    '{{date 2026-11-22T10:00:00Z and more}}',
    '{{DATE 1}}',
  ])('%s', async (placeholder) => {
    const { answer, seen } = await ask(`a=1&since=gt:${encodeURIComponent(placeholder)}`)
    expect([answer.status, answer.code]).toEqual([400, 'placeholder-invalid'])
    expect(answer.message).toContain('{{date 2026-11-22T10:00:00Z}}')
    expect(seen).toBe(undefined)
  })

  test('one whose percent signs cannot be decoded', async () => {
    const { answer } = await ask('since=%7B%7Bdate%20%ff%7D%7D')
    expect(answer.code).toBe('placeholder-invalid')
  })
})

describe('left as it is', () => {
  test.each([
    'q={{name}}',
    'q=%7B%7Bdateline%7D%7D',
    'q={date%202026-11-22T10:00:00Z}',
    'q=a{{b&c=d}}',
    'q={%22a%22:{%22b%22:1}}',
    '{{date}}',
    '%7b%7bdate%7d%7d=1',
    "a='b'&c=%zz&&=&d",
  ])('%s', async (query) => {
    const { answer, seen } = await ask(query)
    expect([answer.code, seen]).toEqual([undefined, query])
  })

  test('what stands in the path', async () => {
    const instance = await instanceOf(world, 'undated', { server: vendor.url })
    await through(world, instance, 'GET', '/{{date%20x}}?a=1')
    expect(vendor.received[0]!.target).toBe('/{{date%20x}}?a=1')
  })
})

describe('written as the instance says', () => {
  const moment = '2026-11-22T10:00:00Z'

  test.each([
    [{}, '2026-11-22T10:00:00Z'],
    [{ timeZone: 'Europe/Paris' }, '2026-11-22T11:00:00+01:00'],
    [{ dateFormat: 'unix' }, '1795341600'],
    [{ dateFormat: 'unixMillis', timeZone: 'Asia/Kolkata' }, '1795341600000'],
    [
      { dateFormat: "yyyy-MM-dd'T'HH:mm:ss.SSSZ", timeZone: 'Asia/Kolkata' },
      '2026-11-22T15:30:00.000+0530',
    ],
    [
      { dateFormat: "EEE, d MMM yyyy 'at' h a", timeZone: 'America/New_York' },
      'Sun, 22 Nov 2026 at 5 AM',
    ],
  ])('%j', async (settings, expected) => {
    expect(await written(moment, settings)).toBe(expected)
  })

  test('and where it says nothing as the element does', async () => {
    expect(await written(moment, {}, 'dated')).toBe('2026-11-22 05:00')
    vendor.received.splice(0)
    expect(await written(moment, { timeZone: 'UTC' }, 'dated')).toBe('2026-11-22 10:00')
  })

  test.each([
    ['before the clocks go forward', '2026-03-29T00:59:59Z', '2026-03-29T01:59:59+01:00'],
    ['after', '2026-03-29T01:00:00Z', '2026-03-29T03:00:00+02:00'],
    ['before they go back', '2026-10-25T00:59:59Z', '2026-10-25T02:59:59+02:00'],
    ['after', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00+01:00'],
    ['given with an offset', '2026-07-01T00:00:00.5-02:30', '2026-07-01T04:30:00+02:00'],
    ['without seconds', '2026-07-01T00:00+0000', '2026-07-01T02:00:00+02:00'],
  ])('daylight saving: %s', async (_, given, expected) => {
    expect(await written(given, { timeZone: 'Europe/Paris' })).toBe(expected)
  })

  test.each([
    'since={{date+2026-11-22T10:00:00Z}}',
    'since={{date%202026-11-22T10:00:00Z}}',
    'since=%7b%7B+date%202026-11-22T10%3A00%3A00Z+%7D%7d',
    'since={{date%202026-11-22T11:00:00+01:00}}',
    'since={{date%202026-11-22T11:00:00%2B01:00}}',
  ])('however it is encoded: %s', async (query) => {
    const { seen } = await ask(query, { dateFormat: 'unix' })
    expect(seen).toBe('since=1795341600')
  })

  test('several in one value, with all around them as it was sent', async () => {
    const one = '{{date%202026-11-22T10:00:00Z}}'
    const { seen } = await ask(`q=at>%3D'${one}'+AND+at<${one}&x=%2f`, { dateFormat: 'yyyy/MM/dd' })
    expect(seen).toBe("q=at>%3D'2026%2F11%2F22'+AND+at<2026%2F11%2F22&x=%2f")
  })

  test('and now is now', async () => {
    const before = Date.now()
    const now = Number(await written('now', { dateFormat: 'unixMillis' }))
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
  })
})

describe('every pattern that is no fault is written, and no other', () => {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz']
  const runs = letters.flatMap((letter) =>
    Array.from({ length: 10 }, (_, at) => letter.repeat(at + 1)),
  )
  const moments = ['2026-07-05T22:05:09.087Z', '2026-01-01T00:00:00Z', '1999-12-31T11:59:59.999Z']

  test('each field by itself', () => {
    for (const run of runs.filter((one) => !findDateFormatFault(one))) {
      for (const moment of moments) {
        expect([run, writeDate(new Date(moment), run, 'Europe/Paris')]).toEqual([
          run,
          expect.stringMatching(/\S/),
        ])
      }
    }
  })

  test.each([
    ['yyyy yy y', '2026 26 2026'],
    ['D DDD F', '187 187 1'],
    ['E EEEE EEEEE EEEEEE', 'Mon Monday M Mo'],
    ['h hh H HH k K', '12 12 0 00 24 0'],
    ['S SS SSS SSSSSS', '0 08 087 087000'],
    ['a aaaa aaaaa', 'AM AM a'],
    ['X XX XXX XXXXX x xxx', '+02 +0200 +02:00 +02:00 +02 +02:00'],
    ['Z ZZZZ ZZZZZ O OOOO', '+0200 GMT+02:00 +02:00 GMT+2 GMT+02:00'],
    ['z VV', 'GMT+2 Europe/Paris'],
    ['A g', '309087 61227'],
    ["Q QQQ QQQQ 'Q''s'", "3 Q3 3rd quarter Q's"],
  ])('%s', (pattern, expected) => {
    expect(findDateFormatFault(pattern)).toBe(undefined)
    expect(writeDate(new Date(moments[0]!), pattern, 'Europe/Paris')).toBe(expected)
  })

  test.each(['ZZZZZ XXX X', 'O'])('there is no offset in UTC: %s', (pattern) => {
    const utc = writeDate(new Date(moments[0]!), pattern, 'UTC')
    expect(utc).toBe(pattern === 'O' ? 'GMT' : 'Z Z Z')
  })

  test.each(['YYYY', 'w', 'W', 'e', 'cc', 'U', 'v', 'V', 'VVVV', 'MMMMMM', 'ddd', 'OO', 'FF', 'j'])(
    '%s is a fault',
    (pattern) => {
      expect(findDateFormatFault(pattern)).toContain(`has "${pattern}", which is no field`)
    },
  )
})
