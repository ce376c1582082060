import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { standbyConfiguration } from '../../../src/operations/init/standby-options.ts';
import { SpareError } from '../../../src/std/errors.ts';
import { useTemporaryDirectories } from '../../fixtures/state-directories.ts';

const test = suite('standby options');
let directories: ReturnType<typeof useTemporaryDirectories>;
test.before(() => {
  directories = useTemporaryDirectories();
});
test.after(() => directories.remove());

const two = { eth0: ['10.77.0.10'], eth1: ['192.168.7.1'] };

test('takes what is left open from the machine', () => {
  const standby = standbyConfiguration({ name: 'standby' }, { eth0: ['10.77.0.10'] });
  assert.equal(standby.portal, { address: '10.77.0.10', port: 3260 });
  assert.is(standby.networkInterface, 'eth0');
  assert.is(standby.iqnPrefix, 'iqn.2026-11.net.spare:standby');
});

test('finds the interface of the portal', () => {
  assert.is(standbyConfiguration({ name: 's', portal: '192.168.7.1:3261' }, two).networkInterface, 'eth1');
});

test('run again, what is not given stays as it is', () => {
  const first = standbyConfiguration(
    {
      name: 's',
      portal: '192.168.7.1:3261',
      networkInterface: 'eth0',
      poolDirectory: '/pool',
      iqnPrefix: 'iqn.2026-11.x',
    },
    two,
  );
  assert.equal(standbyConfiguration({}, two, first), first);
  assert.is(standbyConfiguration({ networkInterface: 'eth1' }, two, first).networkInterface, 'eth1');
  assert.equal(standbyConfiguration({ portal: '10.77.0.10' }, two, first).portal, {
    address: '10.77.0.10',
    port: 3260,
  });
});

const refused: [string, string, Parameters<typeof standbyConfiguration>[0]][] = [
  ['PORTAL_NEEDED', 'more than one address', { name: 's' }],
  ['PORTAL_NOT_LOCAL', 'an address of another machine', { name: 's', portal: '10.77.0.11' }],
  ['BAD_PORTAL', 'a host name', { name: 's', portal: 'standby' }],
  ['BAD_PORTAL', 'a port out of range', { name: 's', portal: '10.77.0.10:70000' }],
  [
    'UNKNOWN_INTERFACE',
    'an interface that is not there',
    { name: 's', portal: '10.77.0.10', networkInterface: 'eth9' },
  ],
];
for (const [code, what, options] of refused) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => standbyConfiguration(options, two),
      (error: unknown) => error instanceof SpareError && error.code === code && error.exitCode === 2,
    );
  });
}

test.run();
