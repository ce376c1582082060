import { PROBE_PATHS, type Sample, type Samples } from './probe-paths.ts';

/** What the standby knows about its own network. */
export interface NetworkSample {
  /** Whether its interface has a carrier; `undefined` if unknown. */
  carrier: boolean | undefined;
  /** Whether the gateway answers; `unknown` if there is none, or none that has ever answered. */
  gateway: Sample;
}

/**
 * Whether the standby itself is isolated, so that misses say nothing about the hosts: its interface has no carrier, or nothing
 * answers at all, including the gateway. When two hosts lose power together, the gateway still answers. Without a gateway the fence
 * device decides: it is reached over the same network, and a host that is not confirmed off is not failed over.
 */
export function isIsolated(network: NetworkSample, hosts: readonly Samples[]): boolean {
  if (network.carrier === false) return true;
  if (network.gateway !== 'missed') return false;
  return hosts.every((samples) => PROBE_PATHS.every((path) => samples[path] !== 'answered'));
}

/** The samples of a host while the standby is isolated. */
export const ISOLATED_SAMPLES: Samples = { iscsi: 'unknown', icmp: 'unknown', ssh: 'unknown', service: 'unknown' };
