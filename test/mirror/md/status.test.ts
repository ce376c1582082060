import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inSync, parseMirrorStatus } from '../../../src/mirror/md/status.ts';

const status = suite('status');
const RECOVERING = `kernelName=md127
local=vdb
bitmap/chunksize=65536
array_state=active
sync_action=recover
sync_completed=8192 / 129024
sync_speed=4096
mismatch_cnt=0
leg=vdb in_sync
leg=sda write_mostly,spare
`;

status('reads a set that is being filled', () => {
  const found = parseMirrorStatus(RECOVERING);
  assert.is(found?.syncAction, 'recover');
  assert.is(found?.syncFraction, 8192 / 129024);
  assert.is(found?.syncSpeed_bytes_s, 4096 * 1024);
  assert.is(found?.bitmapChunk_bytes, 65536);
  assert.equal(found?.legs, [
    { name: 'vdb', state: ['in_sync'], local: true, standby: false },
    { name: 'sda', state: ['write_mostly', 'spare'], local: false, standby: false },
  ]);
  assert.is(inSync(found), false);
});

status('reads an idle one, with and without a bitmap', () => {
  const idle = RECOVERING.replace('recover', 'idle')
    .replace('8192 / 129024', 'none')
    .replace('sync_speed=4096', 'sync_speed=none')
    .replace('bitmap/chunksize=65536', 'bitmap/chunksize=')
    .replace('write_mostly,spare', 'in_sync,write_mostly');
  const found = parseMirrorStatus(idle);
  assert.is(found?.syncFraction, undefined);
  assert.is(found?.syncSpeed_bytes_s, undefined);
  assert.is(found?.bitmapChunk_bytes, undefined);
  assert.is(inSync(found), true);
});

status('a set that does not run has no status', () => {
  assert.is(parseMirrorStatus(''), undefined);
});

status.run();
