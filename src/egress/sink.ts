import type { ServerResponse } from 'node:http'

const maxText = 16 * 1024

/** Head and body of a small answer leave in one piece: as text, which Latin-1 maps byte for byte. */
export function endWith(sink: ServerResponse, held: Buffer[], bytes: number): void {
  if (bytes <= maxText && held.length === 1) {
    sink.end(held[0]!.toString('latin1'), 'latin1')
    return
  }
  for (const chunk of held.slice(0, -1)) sink.write(chunk)
  sink.end(held.at(-1))
}

/** So that nobody takes what came for all: without a length or chunks, only a reset tells. */
export function breakOff(sink: ServerResponse): void {
  if (sink.req.httpVersion === '1.0') sink.socket?.resetAndDestroy()
  sink.destroy()
}

/** Names and values in turn, two by two. */
export function pairs(raw: readonly Buffer[]): [string, string][] {
  const found: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    found.push([raw[at]!.toString('latin1'), raw[at + 1]!.toString('latin1')])
  }
  return found
}
