import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { configurationPath, readConfiguration, readHostConfiguration } from '../../src/config/configuration.ts';
import type { HostConfiguration, StandbyConfiguration } from '../../src/config/schema.ts';
import {
  removeHostConfiguration,
  writeHostConfiguration,
  writeStandbyConfiguration,
} from '../../src/config/write-configuration.ts';
import { SpareError } from '../../src/std/errors.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const standby = { name: 'standby', portal: { address: '10.77.0.10', port: 3260 } } as StandbyConfiguration;
const alpha = { name: 'alpha', policy: 'auto' } as HostConfiguration;

const test = suite('configuration');
let directories: ReturnType<typeof useTemporaryDirectories>;
test.before.each(() => {
  directories = useTemporaryDirectories();
});
test.after.each(() => directories.remove());

function isError(code: string, exitCode: number) {
  return (error: unknown) =>
    error instanceof SpareError && error.code === code && error.exitCode === exitCode && error.hint !== '';
}

test('says that init has not been run', () => {
  assert.throws(readConfiguration, isError('NOT_INITIALISED', 3));
});

test('keeps the hosts when the standby part is written again, and is readable by its owner only', () => {
  writeStandbyConfiguration(standby);
  writeHostConfiguration(alpha);
  writeStandbyConfiguration({ ...standby, name: 'other' });
  assert.equal(readHostConfiguration('alpha'), alpha);
  assert.is(readConfiguration().standby.name, 'other');
  assert.is(statSync(configurationPath()).mode & 0o777, 0o600);
});

test('keeps a host whose name has a dot apart', () => {
  writeStandbyConfiguration(standby);
  writeHostConfiguration({ ...alpha, name: 'alpha.example.org' });
  assert.equal(Object.keys(readConfiguration().hosts), ['alpha.example.org']);
  removeHostConfiguration('alpha.example.org');
  assert.equal(readConfiguration().hosts, {});
});

test('names the enrolled hosts when asked for another', () => {
  writeStandbyConfiguration(standby);
  writeHostConfiguration(alpha);
  assert.throws(
    () => readHostConfiguration('beta'),
    (error: unknown) => error instanceof SpareError && error.exitCode === 2 && error.hint.includes('alpha'),
  );
});

test('never replaces a damaged file, and says what to do', () => {
  mkdirSync(dirname(configurationPath()), { recursive: true });
  writeFileSync(configurationPath(), '{"version": 1, "hos');
  assert.throws(readConfiguration, isError('CONFIGURATION_DAMAGED', 3));
  assert.is(readFileSync(configurationPath(), 'utf8'), '{"version": 1, "hos');
});

test('refuses a file of a newer version', () => {
  mkdirSync(dirname(configurationPath()), { recursive: true });
  writeFileSync(configurationPath(), '{"version": 3}');
  assert.throws(readConfiguration, isError('CONFIGURATION_VERSION', 3));
});

test.run();
