import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ownershipPath } from '../../src/config/paths.ts';
import { readOwnershipFile } from '../../src/ownership/file-keeper.ts';
import { standbyKeeper } from '../../src/ownership/standby-keeper.ts';
import { hostFixture, volumeFixture, withVolume } from '../fixtures/configuration.ts';

const test = suite('standby keeper');

test('keeps the record of a volume beside its leg, and knows no other volume', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ownership-'));
  try {
    const alpha = withVolume(hostFixture, { standbyLeg: { ...volumeFixture.standbyLeg, folder } });
    const keeper = standbyKeeper(() => ({ alpha }));
    const record = await keeper.change({ host: 'alpha', volume: 'data' }, undefined, 'created');
    assert.equal(readOwnershipFile(ownershipPath(folder)), record);
    const other = await keeper.read({ host: 'alpha', volume: 'home' }).catch((error) => error.message);
    assert.match(other, /alpha has no such volume/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
