import { describe, expect, test } from 'vitest'
import type { When } from '../../src/exchange/condition.ts'
import { AnswerDocument } from '../../src/exchange/document.ts'
import type { Step } from '../../src/exchange/step.ts'
import { judge } from '../../src/probe/judge.ts'
import { probe } from '../definition/definition.ts'

const now = Date.parse('2026-07-01T12:00:00Z')

interface Given {
  status?: number
  headers?: Record<string, string | string[]>
  body?: string
  type?: string
}

function judged(given: Given, rules: object[] = [], providerMessage: string[] = []) {
  const { status = 200, headers = {}, body = '', type = '' } = given
  const step = { ...probe, rules, providerMessage } as Step
  const document = new AnswerDocument(Buffer.from(body), type)
  return judge({ name: 'Example' }, step, { status, headers, document }, now)
}

const holds = (when: When, given: Given) =>
  judged(given, [{ when, verdict: 'verified', message: 'It holds.' }]).message === 'It holds.'

const fault =
  '<e:Envelope><e:Body><e:Fault><faultstring>Wrong  Password</faultstring></e:Fault></e:Body></e:Envelope>'
const faultAt = 'Envelope/Body/Fault/faultstring'
const json = '{"code":"Security","count":0,"none":null,"list":["a"],"deep":{"toString":1}}'

describe('a condition', () => {
  test.each<[string, When, Given]>([
    ['another status', { status: 200 }, { status: 201 }],
    ['no status of the list', { status: [200, 204] }, { status: 201 }],
    ['words in another order', { says: ['two', 'one'] }, { body: 'one two' }],
    ['one word twice', { says: ['one', 'one'] }, { body: 'one' }],
    ['words that overlap', { says: ['abc', 'cde'] }, { body: 'abcde' }],
    ['another kind', { body: 'html' }, { body: '<a/>' }],
    ['no path', { xml: { path: 'Envelope/Fault' } }, { body: fault }],
    ['a path in another case', { xml: { path: 'envelope/Body' } }, { body: fault }],
    ['another text', { xml: { path: faultAt, equals: 'Wrong' } }, { body: fault }],
    ['a text without the words', { xml: { path: faultAt, says: ['right'] } }, { body: fault }],
    ['no member', { json: { pointer: '/message' } }, { body: json }],
    ['another value', { json: { pointer: '/code', equals: 'security' } }, { body: json }],
    ['a value of another type', { json: { pointer: '/count', equals: '0' } }, { body: json }],
    ['false for null', { json: { pointer: '/none', equals: false } }, { body: json }],
    ['an object with words', { json: { pointer: '/deep', says: ['1'] } }, { body: json }],
    ['a list with words', { json: { pointer: '/list', says: ['a'] } }, { body: json }],
    ['no JSON', { json: { pointer: '' } }, { body: '' }],
    ['one of two', { status: 200, says: ['one'] }, { status: 500, body: 'one' }],
    ['the other of two', { status: 500, says: ['two'] }, { status: 500, body: 'one' }],
  ])('does not hold for %s', (_, when, given) => {
    expect(holds(when, given)).toBe(false)
  })

  test.each<[string, When, Given]>([
    ['anything, where there is none', {}, { status: 599, body: '\0' }],
    ['its status', { status: 200 }, {}],
    ['a status of its list', { status: [500, 400] }, { status: 400 }],
    ['its words in any case', { says: ['ONE', 'two'] }, { body: 'x One, then TWO' }],
    ['its kind', { body: 'json' }, { body: ' [1]' }],
    ['its path, under any prefix', { xml: { path: 'Envelope/Body/Fault' } }, { body: fault }],
    ['its text', { xml: { path: faultAt, equals: 'Wrong  Password' } }, { body: fault }],
    ['its words in a text', { xml: { path: faultAt, says: ['pass'] } }, { body: fault }],
    ['its member', { json: { pointer: '/none' } }, { body: json }],
    ['its value', { json: { pointer: '/count', equals: 0 } }, { body: json }],
    ['null', { json: { pointer: '/none', equals: null } }, { body: json }],
    ['words in a number', { json: { pointer: '/count', says: ['0'] } }, { body: json }],
    [
      'all of it',
      { status: 200, body: 'json', says: ['code'], json: { pointer: '/code' } },
      { body: json },
    ],
  ])('holds for %s', (_, when, given) => {
    expect(holds(when, given)).toBe(true)
  })

  test('never fails on a value of a depth that no stack holds', () => {
    const body = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    expect(holds({ json: { pointer: '/0', says: ['x'] } }, { body })).toBe(false)
  })
})

describe('rules', () => {
  const rules = [
    { when: { says: ['password'] }, verdict: 'rejected', message: 'Check the password.' },
    { when: { status: 500 }, verdict: 'throttled' },
    { when: { status: 200 }, verdict: 'verified' },
  ]

  test('come in order: the first that holds decides, whatever the status says', () => {
    expect(judged({ body: 'Password wrong' }, rules)).toMatchObject({
      verdict: 'rejected',
      message: 'Check the password.',
    })
    expect(judged({ status: 500 }, rules)).toMatchObject({ verdict: 'throttled', retryAfter: 30 })
    expect(judged({}, rules).verdict).toBe('verified')
  })

  test('leave to the general ones what none of them knows', () => {
    expect(judged({ status: 401 }, rules).verdict).toBe('rejected')
  })

  test.each([
    [200, 'unexpected'],
    [204, 'unexpected'],
    [301, 'misdirected'],
    [307, 'misdirected'],
    [400, 'unexpected'],
    [401, 'rejected'],
    [403, 'insufficient'],
    [404, 'misdirected'],
    [405, 'misdirected'],
    [407, 'unexpected'],
    [410, 'misdirected'],
    [418, 'unexpected'],
    [429, 'throttled'],
    [500, 'unexpected'],
    [503, 'unexpected'],
  ])('are not needed for status %i, which is %s', (status, verdict) => {
    const judgement = judged({ status })
    expect(judgement.verdict).toBe(verdict)
    expect(judgement.message).toMatch(/^[A-Z].*\.$/)
    expect('retryAfter' in judgement).toBe(verdict === 'throttled')
  })
})

describe('a redirect', () => {
  test.each(['', '/login', '//', 'not a url', 'javascript:alert(1)', ['https://a', 'https://b']])(
    'to %j is misdirected, without naming a place',
    (location) => {
      const { verdict, message } = judged({ status: 302, headers: { location } })
      expect(verdict).toBe('misdirected')
      expect(message).toContain('(status 302)')
    },
  )

  test('elsewhere names the origin and nothing else of the address', () => {
    const headers = { location: 'https://user:pw@login.example.com/a?session=1' }
    const { message } = judged({ status: 302, headers })
    expect(message).toContain('redirects to https://login.example.com, where')
    expect(message).not.toMatch(/session|pw/)
  })
})

describe('Retry-After', () => {
  test.each([
    ['', 30],
    ['soon', 30],
    ['-5', 30],
    ['1.5', 2],
    ['5 minutes', 30],
    ['2026-07-01T12:01:00Z', 30],
    ['Wed Jul  1 12:01:00 2026', 30],
    ['Wed, 99 Jul 2026 12:01:00 GMT', 30],
    [['10', '20'], 30],
    ['0', 1],
    ['7', 7],
    ['007', 7],
    ['86401', 86_400],
    ['9'.repeat(400), 86_400],
    ['Wed, 01 Jul 2026 12:01:00 GMT', 60],
    ['Wednesday, 01-Jul-26 12:01:00 GMT', 60],
    ['Wed, 01 Jul 2026 11:00:00 GMT', 1],
    ['Wed, 01 Jul 2099 12:00:00 GMT', 86_400],
  ])('%j asks to wait for %i seconds', (header, seconds) => {
    const headers = { 'retry-after': header }
    expect(judged({ status: 429, headers }).retryAfter).toBe(seconds)
  })
})

describe("the vendor's own words", () => {
  const places = ['/error/message', faultAt, '/code']

  test.each([
    [fault, 'Wrong  Password'],
    [json, 'Security'],
    ['{"error":{"message":"No."},"code":"x"}', 'No.'],
    ['{"error":{"message":""},"code":"x"}', 'x'],
    ['{"error":{"message":{"a":1}},"code":["x"]}', undefined],
    ['nothing', undefined],
    ['', undefined],
  ])('of %s are %j, the first place that has some', (body, words) => {
    expect(judged({ status: 500, body }, [], places).providerMessage).toBe(words)
  })

  test('are given whole, to be cut when they are scrubbed', () => {
    const message = 'x'.repeat(5000)
    const body = JSON.stringify({ code: message })
    expect(judged({ status: 500, body }, [], places).providerMessage).toBe(message)
  })
})
