import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { configurationPath, readConfiguration, readHostConfiguration } from '../../src/config/configuration.ts';
import { upgradeConfiguration } from '../../src/config/upgrade.ts';
import { onlyVolume } from '../../src/config/volumes.ts';
import {
  removeHostConfiguration,
  writeHostConfiguration,
  writeStandbyConfiguration,
} from '../../src/config/write-configuration.ts';
import { SpareError } from '../../src/std/errors.ts';
import { hostFixture, standbyFixture, volumeFixture } from '../fixtures/configuration.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

/** As spare wrote it while a host had one volume. */
const VERSION_1 = readFileSync(join(import.meta.dirname, '../fixtures/config/config.v1.json'), 'utf8');

const test = suite('upgrade of the configuration');
let directories: ReturnType<typeof useTemporaryDirectories>;
const copyPath = () => join(dirname(configurationPath()), 'config.v1.json');

test.before.each(() => {
  directories = useTemporaryDirectories();
  mkdirSync(dirname(configurationPath()), { recursive: true });
  writeFileSync(configurationPath(), VERSION_1, { mode: 0o600 });
});
test.after.each(() => directories.remove());

test('the volume of a host becomes the first of its volumes, and its leg stays where it is', () => {
  const { version, standby, hosts } = upgradeConfiguration(JSON.parse(VERSION_1));
  assert.is(version, 2);
  assert.equal(standby, standbyFixture);
  assert.equal(hosts.alpha, hostFixture);
  assert.equal(
    hosts.beta?.volumes.map(({ name, lun, standbyLeg }) => ({ name, lun, ...standbyLeg })),
    [
      {
        name: 'data',
        lun: 1,
        path: '/dev/disk/by-id/virtio-beta-leg',
        size_bytes: 1_000_000_000,
        folder: '/var/lib/spare/pool/beta',
      },
    ],
  );
});

test('nothing of the old configuration is lost', () => {
  const values = (content: unknown): string[] =>
    typeof content === 'object' && content !== null
      ? Object.values(content).flatMap(values)
      : [JSON.stringify(content)];
  const old = JSON.parse(VERSION_1);
  const upgraded = values(upgradeConfiguration(old).hosts);
  for (const value of values(old.hosts)) assert.ok(upgraded.includes(value), `${value} is missing`);
});

test('reading changes no file', () => {
  assert.equal(readHostConfiguration('alpha'), hostFixture);
  assert.is(readFileSync(configurationPath(), 'utf8'), VERSION_1);
  assert.not.ok(existsSync(copyPath()));
});

for (const [what, write] of [
  ['a host is written', () => writeHostConfiguration({ ...hostFixture, name: 'gamma' })],
  ['a host is removed', () => removeHostConfiguration('beta')],
  ["the standby's part is written", () => writeStandbyConfiguration({ ...standbyFixture, name: 'other' })],
] as const) {
  test(`a copy of the old file is kept when ${what}`, () => {
    const kept = write();
    if (what !== 'a host is removed') assert.is(kept, copyPath());
    assert.is(readFileSync(copyPath(), 'utf8'), VERSION_1);
    assert.is(statSync(copyPath()).mode & 0o777, 0o600);
    assert.is(JSON.parse(readFileSync(configurationPath(), 'utf8')).version, 2);
    assert.equal(readHostConfiguration('alpha'), hostFixture);
  });
}

test('the copy is made once', () => {
  writeStandbyConfiguration(standbyFixture);
  assert.is(writeStandbyConfiguration({ ...standbyFixture, name: 'other' }), undefined);
  assert.is(readFileSync(copyPath(), 'utf8'), VERSION_1);
  assert.is(readConfiguration().standby.name, 'other');
});

test('no operation works on a host with another number of volumes than one', () => {
  const two = { ...hostFixture, volumes: [volumeFixture, { ...volumeFixture, name: 'home', lun: 2 }] };
  const refusal = (host: typeof hostFixture) => {
    try {
      return onlyVolume(host).name;
    } catch (error) {
      return error instanceof SpareError ? `${error.code} ${error.message}` : error;
    }
  };
  assert.is(refusal(hostFixture), 'data');
  assert.is(refusal(two), 'NOT_ONE_VOLUME Cannot work on alpha: it has 2 volumes (data, home)');
  assert.is(refusal({ ...hostFixture, volumes: [] }), 'NOT_ONE_VOLUME Cannot work on alpha: it has 0 volumes');
});

test.run();
