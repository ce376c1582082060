import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostConfiguration, StandbyConfiguration } from '../../src/config/schema.ts';
import { writeHostConfiguration, writeStandbyConfiguration } from '../../src/config/write-configuration.ts';
import { readHostRecord } from '../../src/hosts/host-records.ts';
import { pauseHost } from '../../src/operations/pause.ts';
import { systemClock } from '../../src/std/clock.ts';
import { SpareError } from '../../src/std/errors.ts';
import { putIntoState } from '../fixtures/host-state.ts';
import { useTemporaryDirectories } from '../fixtures/state-directories.ts';

const test = suite('pause');
let directories: ReturnType<typeof useTemporaryDirectories>;
test.before.each(() => {
  directories = useTemporaryDirectories();
  writeStandbyConfiguration({ name: 'standby' } as StandbyConfiguration);
  writeHostConfiguration({ name: 'alpha' } as HostConfiguration);
  putIntoState('alpha', 'protected');
});
test.after.each(() => directories.remove());

test('is kept beside the state, survives a change of state, and ends', async () => {
  const paused = { until: '2030-01-01T00:00:00.000Z', reason: 'kernel update' };
  await pauseHost('alpha', paused, systemClock);
  putIntoState('alpha', 'degraded');
  assert.equal(readHostRecord('alpha', 'data')?.paused, paused);
  await pauseHost('alpha', null, systemClock);
  assert.is(readHostRecord('alpha', 'data')?.paused, undefined);
  assert.is(readHostRecord('alpha', 'data')?.state, 'degraded');
});

test('refuses a host that is not enrolled', async () => {
  const error = await pauseHost('gamma', null, systemClock).catch((thrown: unknown) => thrown);
  assert.instance(error, SpareError);
  assert.is((error as SpareError).code, 'UNKNOWN_HOST');
});

test.run();
