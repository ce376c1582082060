import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpareError } from '../std/errors.ts';
import { paths } from './paths.ts';
import type { Configuration, HostConfiguration } from './schema.ts';
import type { ConfigurationV1 } from './schema-v1.ts';
import { upgradeConfiguration } from './upgrade.ts';

export function configurationPath(): string {
  return join(paths().configuration, 'config.json');
}

/** Whether `spare init` has run on this machine. */
export function isInitialised(): boolean {
  return existsSync(configurationPath());
}

/**
 * The configuration of this standby. A version 1 file is read as version 2 and left unchanged: the next write replaces it
 * (`write-configuration.ts`).
 * @throws SpareError `precondition` if `spare init` has not run, or the file is damaged or of another version.
 */
export function readConfiguration(): Configuration {
  if (!isInitialised()) {
    throw new SpareError(
      'precondition',
      'NOT_INITIALISED',
      `This machine is not a standby: ${configurationPath()} does not exist`,
      {
        hint: 'On the machine that is to be the standby, run: spare init',
      },
    );
  }
  let configuration: ConfigurationV1 | Configuration;
  try {
    configuration = JSON.parse(readFileSync(configurationPath(), 'utf8'));
  } catch (cause) {
    throw new SpareError(
      'precondition',
      'CONFIGURATION_DAMAGED',
      `Cannot read ${configurationPath()}: it is not valid JSON`,
      {
        hint: 'Correct the file, or restore it from a backup',
        cause,
      },
    );
  }
  switch (configuration.version) {
    case 1:
      return upgradeConfiguration(configuration);
    case 2:
      return configuration;
    default:
      throw new SpareError(
        'precondition',
        'CONFIGURATION_VERSION',
        `Cannot read ${configurationPath()}: its version is ${(configuration as { version: unknown }).version}, this version of spare supports 1 and 2`,
        {
          hint: 'A newer version of spare wrote it: install that version',
        },
      );
  }
}

/**
 * The configuration of one host.
 * @throws SpareError `usage` if it is not enrolled, naming the enrolled hosts.
 */
export function readHostConfiguration(host: string): HostConfiguration {
  const { hosts } = readConfiguration();
  const configuration = hosts[host];
  if (!configuration) {
    const known = Object.keys(hosts);
    throw new SpareError('usage', 'UNKNOWN_HOST', `No host named '${host}' is enrolled`, {
      hint: known.length > 0 ? `Enrolled hosts: ${known.join(', ')}` : 'Enrol it first. Run: spare enroll --help',
    });
  }
  return configuration;
}
