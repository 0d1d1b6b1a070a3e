/** The address in lower case, under which it is one person's; undefined for what is none. */
export function readEmail(text: string): string | undefined {
  const email = text.trim().toLowerCase()
  return /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(email) && email.length <= 254 ? email : undefined
}
