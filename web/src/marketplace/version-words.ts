/** A version as people compare it: of a digest enough to tell it from another, a number as it is. */
export function versionWords(version: string): string {
  return /^[0-9a-f]{16,}$/.test(version) ? `edition ${version.slice(0, 7)}` : `version ${version}`
}
