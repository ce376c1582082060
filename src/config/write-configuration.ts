import Conf from 'conf';
import { isInitialised, readConfiguration } from './configuration.ts';
import { paths } from './paths.ts';
import type { Configuration, HostConfiguration, StandbyConfiguration } from './schema.ts';

/**
 * The only place that knows conf, and apart from reading: the daemon only reads, and conf is half of what it would load.
 * conf writes atomically; the file's mode is ours since it holds secrets.
 */
function open(): Conf<Configuration> {
  return new Conf<Configuration>({
    cwd: paths().configuration,
    configName: 'config',
    fileExtension: 'json',
    configFileMode: 0o600,
    clearInvalidConfig: false,
    accessPropertiesByDotNotation: false,
  });
}

/** Writes the standby's own part, keeping the hosts. */
export function writeStandbyConfiguration(standby: StandbyConfiguration): void {
  const hosts = isInitialised() ? readConfiguration().hosts : {};
  open().store = { version: 1, standby, hosts };
}

export function writeHostConfiguration(configuration: HostConfiguration): void {
  const { hosts } = readConfiguration();
  open().set('hosts', { ...hosts, [configuration.name]: configuration });
}

export function removeHostConfiguration(host: string): void {
  const { [host]: _removed, ...others } = readConfiguration().hosts;
  open().set('hosts', others);
}
