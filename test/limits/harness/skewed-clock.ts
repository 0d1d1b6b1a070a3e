/** Loaded before anything else: the wall clock of this process is wrong by so many seconds. */
const skewMs = Number(process.env.CLOCK_SKEW_SECONDS ?? 0) * 1000
const RealDate = Date

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: [], newTarget) =>
    given.length === 0
      ? Reflect.construct(target, [RealDate.now() + skewMs], newTarget)
      : Reflect.construct(target, given, newTarget),
  get: (target, name) =>
    name === 'now' ? () => RealDate.now() + skewMs : Reflect.get(target, name, target),
})
