import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failureNotePaths, paths } from '../../../src/config/paths.ts';
import type { HostKey } from '../../../src/machine/host-key.ts';
import { standbySteps } from '../../../src/operations/enroll/enroll-standby.ts';
import { FailureNote } from '../../../src/target/failure-note.ts';
import { withVolume } from '../../fixtures/configuration.ts';
import { TakeoverWorld } from '../takeover-world.ts';

const test = suite('enroll: the standby');

test('a leg that is made is not held to have failed under a host that had the name before', async () => {
  const world = new TakeoverWorld();
  await world.begin();
  try {
    const poolDirectory = join(world.root, 'pool');
    mkdirSync(poolDirectory, { recursive: true });
    world.standby = { ...world.standby, poolDirectory };
    const path = join(poolDirectory, 'alpha', 'leg.img');
    world.host = withVolume(world.host, { standbyLeg: { ...world.volume.standbyLeg, path } });
    const { runtime } = paths();
    new FailureNote(runtime, 'alpha', 'data', () => {}).write();
    new FailureNote(runtime, 'beta', 'data', () => {}).write();
    const hostKey: HostKey = { type: '', key: '', fingerprint: '' };
    const leg = standbySteps(world.context, hostKey).find(({ name }) => name === 'leg');
    await leg?.run(() => {});
    assert.is(statSync(path).size, world.volume.standbyLeg.size_bytes);
    assert.equal(
      ['alpha', 'beta'].map((host) => existsSync(failureNotePaths(runtime, host, 'data')[0])),
      [false, true],
    );
  } finally {
    await world.end();
  }
});

test.run();
