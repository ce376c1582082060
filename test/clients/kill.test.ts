/** What must still be there after `kill -9` of the target under load. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ServedFile } from '../fixtures/clients/served-file.ts';
import { until } from '../fixtures/eventually.ts';
import { field } from '../fixtures/iscsi/bytes.ts';
import { SocketInitiator } from '../fixtures/iscsi/socket-initiator.ts';

const BLOCK_BYTES = 512;
const ALICE = 'iqn.2026-11.net.spare.test:alice';
const BOB = 'iqn.2026-11.net.spare.test:bob';
const APTPL = 1;

const test = suite('kill -9');

function parameterList(key: number, actionKey: number, flags: number): Buffer {
  const list = Buffer.alloc(24);
  list.writeUInt32BE(key, 4);
  list.writeUInt32BE(actionKey, 12);
  list[20] = flags;
  return list;
}

async function loggedIn(served: ServedFile, name: string): Promise<SocketInitiator> {
  const initiator = new SocketInitiator(served.address);
  assert.ok(await initiator.login(served.iqn, name));
  return initiator;
}

async function status(
  initiator: SocketInitiator,
  flags: string,
  cdb: string,
  data?: Buffer,
): Promise<number | undefined> {
  return (await initiator.command(flags, cdb, data?.length ?? 0, data))?.header[3];
}

function write(initiator: SocketInitiator, lba: number, value: number): Promise<number | undefined> {
  return status(initiator, 'a0', `2a 00 ${field(lba, 4)} 00 0001 00`, Buffer.alloc(BLOCK_BYTES, value));
}

test('a persistent reservation with APTPL keeps others out afterwards, and its holder in', async () => {
  let served = await ServedFile.start();
  try {
    const before = await loggedIn(served, ALICE);
    assert.is(await status(before, 'a0', '5f 00 00 0000 00000018 00', parameterList(0, 0xa11ce, APTPL)), 0);
    // Write Exclusive.
    assert.is(await status(before, 'a0', '5f 01 01 0000 00000018 00', parameterList(0xa11ce, 0, 0)), 0);
    served = await served.killAndStartAgain();
    const bob = await loggedIn(served, BOB);
    assert.is(await write(bob, 0, 1), 0x18);
    const alice = await loggedIn(served, ALICE);
    assert.is(await write(alice, 0, 1), 0);
    const keys = await alice.command('c0', '5e 00 00 0000 0000 00ff 00', 255);
    assert.is(Buffer.concat((keys?.data ?? []) as Buffer[]).readUInt32BE(12), 0xa11ce);
    for (const { socket } of [alice, bob]) socket.destroy();
  } finally {
    await served.remove();
  }
});

test('without APTPL it is gone', async () => {
  let served = await ServedFile.start();
  try {
    const before = await loggedIn(served, ALICE);
    assert.is(await status(before, 'a0', '5f 00 00 0000 00000018 00', parameterList(0, 0xa11ce, 0)), 0);
    assert.is(await status(before, 'a0', '5f 01 01 0000 00000018 00', parameterList(0xa11ce, 0, 0)), 0);
    served = await served.killAndStartAgain();
    const bob = await loggedIn(served, BOB);
    assert.is(await write(bob, 0, 1), 0);
    bob.socket.destroy();
  } finally {
    await served.remove();
  }
});

/** A machine that keeps its power keeps the page cache too: this is about the process alone. */
test('every write that was acknowledged under load is there', async () => {
  let served = await ServedFile.start();
  try {
    const initiator = await loggedIn(served, ALICE);
    let acknowledged = 0;
    const load = (async () => {
      while ((await write(initiator, acknowledged, (acknowledged % 255) + 1)) === 0) acknowledged += 1;
    })();
    await until(() => acknowledged > 20, 'writes are not acknowledged');
    served = await served.killAndStartAgain();
    await load;
    const after = await loggedIn(served, ALICE);
    for (let lba = 0; lba < acknowledged; lba += 1) {
      const read = await after.command('c0', `28 00 ${field(lba, 4)} 00 0001 00`, BLOCK_BYTES);
      assert.ok(
        Buffer.concat((read?.data ?? []) as Buffer[]).equals(Buffer.alloc(BLOCK_BYTES, (lba % 255) + 1)),
        `block ${lba}`,
      );
    }
    after.socket.destroy();
  } finally {
    await served.remove();
  }
});

test.run();
