import { chmodSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

export interface FileLock {
  release(): void
}

const busy = 5

// A lock whose handle is collected as garbage would be free again, so held ones stay reachable.
const held = new Set<DatabaseSync>()

/**
 * Takes the lock that `path` stands for, or answers `undefined` where someone holds it, be it this
 * process. The kernel frees it when its process ends, also by SIGKILL or a power cut, and no
 * process id is trusted. Node offers no file locks of its own; those of its SQLite are the kernel's.
 */
export function tryLock(path: string): FileLock | undefined {
  const file = new DatabaseSync(path, { timeout: 0 })
  try {
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    // Who can read the file could hold a shared lock on it for ever.
    chmodSync(path, 0o600)
  } catch (error) {
    file.close()
    if ((error as { errcode?: number }).errcode === busy) return undefined
    throw error
  }
  held.add(file)
  return {
    release() {
      if (held.delete(file)) file.close()
    },
  }
}
