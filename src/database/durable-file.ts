import { randomBytes } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces the file, or makes it: for its owner alone, whatever mode it had. A kill or a power cut
 * leaves the old or the new one, whole.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await putInPlace(path, text, (unfinished) => rename(unfinished, path))
}

/** As `replaceFile`, but leaves a file as it is that is there, or that another process makes first. */
export async function createFile(path: string, text: string): Promise<void> {
  await putInPlace(path, text, async (unfinished) => {
    await link(unfinished, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await rm(unfinished)
  })
}

/** Returns when what was made, renamed or removed in the folder outlives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder)
  await handle.sync()
}

async function putInPlace(path: string, text: string, put: (unfinished: string) => Promise<void>) {
  // A name that nobody knows beforehand: a file that is there would keep its owner and mode.
  const unfinished = `${path}.${randomBytes(8).toString('hex')}`
  try {
    await writeDurably(unfinished, text)
    await put(unfinished)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

async function writeDurably(path: string, text: string) {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(text)
  await file.sync()
}
