import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Conf from 'conf';
import { writeFileDurably } from '../std/durable-file.ts';
import { configurationPath, isInitialised, readConfiguration } from './configuration.ts';
import { paths } from './paths.ts';
import type { Configuration, HostConfiguration, StandbyConfiguration } from './schema.ts';

/**
 * Writes the standby's own part, keeping the hosts.
 * @returns Where the file of an older version has been kept, if this write has replaced one.
 */
export function writeStandbyConfiguration(standby: StandbyConfiguration): string | undefined {
  const hosts = isInitialised() ? readConfiguration().hosts : {};
  return replaceConfiguration({ version: 2, standby, hosts });
}

/** @returns As `writeStandbyConfiguration`. */
export function writeHostConfiguration(configuration: HostConfiguration): string | undefined {
  const { hosts, ...others } = readConfiguration();
  return replaceConfiguration({ ...others, hosts: { ...hosts, [configuration.name]: configuration } });
}

export function removeHostConfiguration(host: string): void {
  const { hosts, ...others } = readConfiguration();
  const { [host]: _removed, ...remaining } = hosts;
  replaceConfiguration({ ...others, hosts: remaining });
}

/**
 * The only file that uses conf. It is apart from reading because the daemon only reads, and conf would be half of what it loads.
 * conf writes atomically; spare sets the file's mode, because the file holds secrets.
 */
function replaceConfiguration(configuration: Configuration): string | undefined {
  const kept = keepOldConfiguration();
  const conf = new Conf<Configuration>({
    cwd: paths().configuration,
    configName: 'config',
    fileExtension: 'json',
    configFileMode: 0o600,
    clearInvalidConfig: false,
    accessPropertiesByDotNotation: false,
  });
  conf.store = configuration;
  return kept;
}

/** Copies a file of version 1 that is about to be replaced, for whoever has to go back to the spare that wrote it. */
function keepOldConfiguration(): string | undefined {
  if (!isInitialised()) return undefined;
  const content = readFileSync(configurationPath(), 'utf8');
  if (JSON.parse(content).version !== 1) return undefined;
  const path = join(paths().configuration, 'config.v1.json');
  writeFileDurably(path, content, 0o600);
  return path;
}
