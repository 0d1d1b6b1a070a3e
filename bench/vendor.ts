import { startSandbox } from '../src/sandbox/sandbox.ts'

// A process of its own, told to end by its parent's end.
process.once('disconnect', () => process.exit())
const { url } = await startSandbox({ logins: [] })
process.send!(url)
