import { Refusal } from '../http/errors.ts'
import { commonPasswords } from './common-passwords.ts'

const minLength = 8
const maxLength = 1024

/**
 * What NIST SP 800-63B asks of a password (section 3.1.1.2): a length, and not one that is guessed
 * first; nothing of what it is made of.
 * @throws {Refusal} `password-unfit`
 */
export function requireFitPassword(password: string, email: string) {
  const length = [...password.normalize('NFKC')].length
  if (length < minLength || length > maxLength) {
    throw unfit(`It has to have ${minLength} to ${maxLength} characters; this has ${length}.`)
  }
  const plain = password.toLowerCase()
  const [name = ''] = email.split('@')
  const guessed = [
    email,
    name,
    `${name}${name}`,
    `${name}123`,
    'latchkey',
    'latchkey1',
    'latchkey123',
  ]
  if (commonPasswords.has(plain) || guessed.includes(plain) || new Set(plain).size === 1) {
    throw unfit('It is one of those that are guessed first. Choose another, such as four words.')
  }
}

function unfit(reason: string): Refusal {
  return new Refusal('password-unfit', {
    message: `The password cannot be used. ${reason}`,
    invalid: [{ key: 'password', reason }],
  })
}
