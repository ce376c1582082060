import { PROBE_PATHS, type Sample, type Samples } from './probe-paths.ts';

/** What the standby can say of its own network. */
export interface NetworkSample {
  /** Whether its interface has a carrier; `undefined` where the system does not say. */
  carrier: boolean | undefined;
  /** Whether the gateway answers; `unknown` where there is none, or none that has ever answered. */
  gateway: Sample;
}

/**
 * Whether the standby itself is cut off, so that silence says nothing about the hosts: its interface has no carrier, or
 * everything is silent at once, the gateway included. Two hosts that lose power together do not silence the gateway;
 * without a gateway to ask, the fence device has the last word: it is asked over the same network, and a host that is not
 * proven off is not taken over.
 */
export function isIsolated(network: NetworkSample, hosts: readonly Samples[]): boolean {
  if (network.carrier === false) return true;
  if (network.gateway !== 'missed') return false;
  return hosts.every((samples) => PROBE_PATHS.every((path) => samples[path] !== 'answered'));
}

/** What is left of the samples of a host when the standby is cut off. */
export const ISOLATED_SAMPLES: Samples = { iscsi: 'unknown', icmp: 'unknown', ssh: 'unknown', service: 'unknown' };
