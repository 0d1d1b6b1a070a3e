import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { SamplerName } from './sampler-names.ts'

export function samplerOf(name: SamplerName, ratio: number): Sampler {
  const [, parentBased, rule] = /^(parentbased_)?(.*)$/.exec(name)!
  const root =
    rule === 'traceidratio'
      ? new TraceIdRatioBasedSampler(ratio)
      : rule === 'always_off'
        ? new AlwaysOffSampler()
        : new AlwaysOnSampler()
  return parentBased ? new ParentBasedSampler({ root }) : root
}
