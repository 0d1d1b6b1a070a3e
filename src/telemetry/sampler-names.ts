/** As `OTEL_TRACES_SAMPLER` names them. */
export const samplerNames = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const

export type SamplerName = (typeof samplerNames)[number]
