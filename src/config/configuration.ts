import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Conf from 'conf';
import { SpareError } from '../std/errors.ts';
import { paths } from './paths.ts';
import type { Configuration, HostConfiguration, StandbyConfiguration } from './schema.ts';

/** The only place that knows conf. conf writes atomically; its mode is ours since it holds secrets. */
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

export function configurationPath(): string {
  return join(paths().configuration, 'config.json');
}

/** Whether `spare init` has been run here. */
export function isInitialised(): boolean {
  return existsSync(configurationPath());
}

/**
 * The configuration of this standby.
 * @throws SpareError `precondition` where `spare init` has not been run, or the file is damaged or of another version.
 */
export function readConfiguration(): Configuration {
  if (!isInitialised()) {
    throw new SpareError(
      'precondition',
      'NOT_INITIALISED',
      `This machine is no standby yet: ${configurationPath()} is missing`,
      {
        hint: "Run 'spare init' on the machine that shall be the standby",
      },
    );
  }
  let configuration: Configuration;
  try {
    configuration = { ...open().store };
  } catch (cause) {
    throw new SpareError(
      'precondition',
      'CONFIGURATION_DAMAGED',
      `Cannot read ${configurationPath()}: it is not JSON`,
      {
        hint: 'Mend the file by hand, or restore it from a backup',
        cause,
      },
    );
  }
  if (configuration.version !== 1) {
    throw new SpareError(
      'precondition',
      'CONFIGURATION_VERSION',
      `Cannot read ${configurationPath()}: its version is ${configuration.version}, this spare knows 1`,
      {
        hint: 'It was written by a newer spare: install that one',
      },
    );
  }
  return configuration;
}

/** Writes the standby's own part, keeping the hosts. */
export function writeStandbyConfiguration(standby: StandbyConfiguration): void {
  const hosts = isInitialised() ? readConfiguration().hosts : {};
  open().store = { version: 1, standby, hosts };
}

/**
 * The configuration of one host.
 * @throws SpareError `usage` where it is not enrolled, naming those that are.
 */
export function readHostConfiguration(host: string): HostConfiguration {
  const { hosts } = readConfiguration();
  const configuration = hosts[host];
  if (!configuration) {
    const known = Object.keys(hosts);
    throw new SpareError('usage', 'UNKNOWN_HOST', `No host is enrolled as '${host}'`, {
      hint: known.length > 0 ? `Enrolled are: ${known.join(', ')}` : "Enrol it first: 'spare enroll --help'",
    });
  }
  return configuration;
}

export function writeHostConfiguration(configuration: HostConfiguration): void {
  const { hosts } = readConfiguration();
  open().set('hosts', { ...hosts, [configuration.name]: configuration });
}

export function removeHostConfiguration(host: string): void {
  const { [host]: _removed, ...others } = readConfiguration().hosts;
  open().set('hosts', others);
}
