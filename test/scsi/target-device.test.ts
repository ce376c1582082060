import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LogicalUnit } from '../../src/scsi/logical-unit.ts';
import { TargetDevice } from '../../src/scsi/target-device.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { ALICE, brief, cdbOf, dataOf, greet, run, UNIT_SIZE_BYTES } from './unit-harness.ts';

const test = suite('target device');

async function makeDevice() {
  const store = new MemoryStore({ size_bytes: UNIT_SIZE_BYTES });
  const device = new TargetDevice([{ lun: 1, unit: new LogicalUnit({ store, identity: 'x' }) }]);
  await greet(device);
  return device;
}

test('LUN 1 is the unit', async () => {
  const device = await makeDevice();
  assert.is((await dataOf(device, '12 00 00 00 ff 00'))[0], 0x00);
  assert.is(brief(await run(device, '28 00 00000000 00 0001 00')), 'good');
});

test('any other LUN is absent, and says so to everything but INQUIRY, REPORT LUNS and REQUEST SENSE', async () => {
  const device = await makeDevice();
  for (const lun of [0, 2, 255, 16_383]) {
    const inquiry = await dataOf(device, '12 00 00 00 ff 00', { lun });
    assert.is(inquiry[0], 0x7f);
    assert.is(inquiry.length, 96);
    assert.is(brief(await run(device, '12 01 83 00 ff 00', { lun })), '5 24/00@2');
    const luns = await dataOf(device, 'a0 00 00 000000 00000010 00 00', { lun });
    assert.is(luns.toString('hex'), '00000008000000000001000000000000');
    const sense = await dataOf(device, '03 00 00 00 ff 00', { lun });
    assert.is(sense.toString('hex', 0, 14), '700005000000000a000000002500');
    for (const cdb of ['00', '28 00 00000000 00 0001 00', '25', '5e 00', 'ff']) {
      assert.is(brief(await run(device, cdb, { lun })), '5 25/00', cdb);
    }
    assert.is(brief(await run(device, '2a 00 00000000 00 0001 00', { lun, data: Buffer.alloc(512) })), '5 25/00');
  }
});

test('resets and lost nexuses reach the unit', async () => {
  const device = await makeDevice();
  device.reset();
  assert.is(brief(await run(device, '00')), '6 29/00');
  device.nexusLost(ALICE);
  assert.is(brief(await run(device, '00')), '6 29/00');
});

test('how much Data-Out a CDB wants, before it is executed', async () => {
  const device = await makeDevice();
  const wanted = (hex: string) =>
    device.dataOutLength_bytes(Buffer.from(hex.replaceAll(' ', '').padEnd(32, '0'), 'hex'), 1);
  assert.is(wanted('2a 00 00000000 00 0003 00'), 1536);
  assert.is(wanted('0a 00 0000 00 00'), 131_072);
  assert.is(wanted('8a 00 0000000000000000 ffffffff'), 0xffff_ffff * 512);
  assert.is(wanted('28 00 00000000 00 0003 00'), 0);
  assert.is(wanted('2f 02 00000000 00 0003 00'), 1536);
  assert.is(wanted('2f 06 00000000 00 0003 00'), 512);
  assert.is(wanted('2f 00 00000000 00 0003 00'), 0);
  assert.is(wanted('5f 00 0000 00 00000018 00'), 24);
  assert.is(wanted('42 00 00 00 00 00 00 0018 00'), 24);
  assert.is(wanted('93 01 0000000000000000 00000001'), 512, 'nothing, and a block more to see too much');
  assert.is(wanted('48'), undefined);
  assert.is(wanted('9e 11'), undefined);
});

test('each of several units has its own LUN, blocks and unit attentions', async () => {
  const units = [1, 3].map((lun) => {
    const store = new MemoryStore({ size_bytes: lun * UNIT_SIZE_BYTES });
    return { lun, unit: new LogicalUnit({ store, identity: `x,lun${lun}`, blockSize_bytes: lun === 1 ? 512 : 4096 }) };
  });
  const device = new TargetDevice(units);
  for (const lun of [1, 3]) assert.is(brief(await run(device, '00', { lun })), '6 29/00');
  const luns = await dataOf(device, 'a0 00 00 000000 00000100 00 00', { lun: 0 });
  assert.is(luns.toString('hex'), '00000010000000000001000000000000' + '0003000000000000');
  const capacity = async (lun: number) => (await dataOf(device, '25', { lun })).toString('hex');
  const lastLba = (size_bytes: number, block: number) => (size_bytes / block - 1).toString(16).padStart(8, '0');
  assert.is(await capacity(1), `${lastLba(UNIT_SIZE_BYTES, 512)}00000200`);
  assert.is(await capacity(3), `${lastLba(3 * UNIT_SIZE_BYTES, 4096)}00001000`);
  assert.is(brief(await run(device, '00', { lun: 2 })), '5 25/00');

  const write = '2a 00 00000000 00 0001 00';
  assert.equal(
    [1, 2, 3].map((lun) => device.dataOutLength_bytes(cdbOf(write), lun)),
    [512, undefined, 4096],
  );
  assert.is(brief(await run(device, write, { lun: 3, data: Buffer.alloc(4096, 0x33) })), 'good');
  assert.equal(await dataOf(device, '28 00 00000000 00 0001 00', { lun: 1 }), Buffer.alloc(512));
  assert.equal(await dataOf(device, '28 00 00000000 00 0001 00', { lun: 3 }), Buffer.alloc(4096, 0x33));

  device.reset(3);
  assert.equal(
    [brief(await run(device, '00', { lun: 1 })), brief(await run(device, '00', { lun: 3 }))],
    ['good', '6 29/00'],
  );
  device.reset();
  for (const lun of [1, 3]) assert.is(brief(await run(device, '00', { lun })), '6 29/00');
});

test.run();
