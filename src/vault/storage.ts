import { join } from 'node:path'
import type { Config, KeyEncryptionKey } from '../config.ts'
import type { EmbeddedOptions, EmbeddedPostgres } from '../database/embedded.ts'
import { readOrCreateKeysFile } from './keys-file.ts'

export interface Storage {
  databaseUrl: string
  keys: readonly KeyEncryptionKey[]
  /** Where the keys stand; absent: they come from the environment. */
  keysFile: string | undefined
  /** Where the embedded PostgreSQL keeps its data; absent: it is another one. */
  dataFolder: string | undefined
}

/**
 * The PostgreSQL and the keys that the environment names, or else the embedded ones of the data
 * folder, made where there are none. Disposing of `resources` lets go of them.
 * @throws with a sentence for the operator
 */
export async function openStorage(
  config: Config,
  resources: AsyncDisposableStack,
  startPostgres: (options: EmbeddedOptions) => Promise<EmbeddedPostgres>,
): Promise<Storage> {
  const { databaseUrl, keys, dataDir } = config
  if (databaseUrl) return { databaseUrl, keys: keys!, keysFile: undefined, dataFolder: undefined }
  const { url, dataFolder, stop } = await startPostgres({ dataDir })
  resources.defer(stop)
  if (keys) return { databaseUrl: url, keys, keysFile: undefined, dataFolder }
  const keysFile = join(dataDir, 'keys')
  return { databaseUrl: url, keys: await readOrCreateKeysFile(keysFile), keysFile, dataFolder }
}
