import type { HostConfiguration, StandbyConfiguration, VolumeConfiguration } from './schema.ts';

/** The configuration as it was written before a host could have several volumes. It is read, and never written. */
export interface ConfigurationV1 {
  version: 1;
  standby: StandbyConfiguration;
  hosts: Record<string, HostConfigurationV1>;
}

export interface HostConfigurationV1 extends Omit<HostConfiguration, 'target' | 'service' | 'volumes'> {
  /** Served the host's only leg, as LUN 1. */
  target: HostConfiguration['target'] & Pick<VolumeConfiguration['standbyLeg'], 'path' | 'size_bytes'>;
  volume: Omit<VolumeConfiguration, 'name' | 'lun' | 'standbyLeg' | 'nfs'>;
  service: HostConfiguration['service'] & VolumeConfiguration['nfs'];
}
