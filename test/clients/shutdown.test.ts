/** SIGTERM to `spare serve` while an initiator is logged in. */
import { closeSync, openSync, readSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { client, ServedFile } from '../fixtures/clients/served-file.ts';
import { until } from '../fixtures/eventually.ts';
import { SocketInitiator } from '../fixtures/iscsi/socket-initiator.ts';

const BLOCK_BYTES = 512;

const test = suite('SIGTERM');

function firstBlock(path: string): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  const fd = openSync(path, 'r');
  readSync(fd, bytes, 0, BLOCK_BYTES, 0);
  closeSync(fd);
  return bytes;
}

test('the initiator is asked to log out, does so, and everything is flushed', async () => {
  const served = await ServedFile.start();
  try {
    const initiator = new SocketInitiator(served.address);
    assert.ok(await initiator.login(served.iqn));
    const written = await initiator.command(
      'a0',
      '2a 00 00000000 00 0001 00',
      BLOCK_BYTES,
      Buffer.alloc(BLOCK_BYTES, 7),
    );
    assert.is(written?.header[3], 0);

    const exitCode = served.stop();
    const request = await initiator.next();
    assert.is(request?.header[0], 0x32);
    assert.is(request?.header[36], 1);
    const response = await initiator.logout();
    assert.is(response?.header[0], 0x26);
    assert.is(response?.header[2], 0);
    assert.is(await initiator.next(), undefined);
    assert.is(await exitCode, 0);
    assert.match(served.log, /A session ended .*logged out/);
    assert.equal(firstBlock(served.path), Buffer.alloc(BLOCK_BYTES, 7));
  } finally {
    await served.remove();
  }
});

test('an initiator that does not answer holds it up no longer than its limit', async () => {
  const served = await ServedFile.start();
  try {
    const initiator = new SocketInitiator(served.address);
    assert.ok(await initiator.login(served.iqn));
    const exitCode = served.stop();
    const events = [await initiator.next(), await initiator.next()].map((pdu) => pdu?.header[36]);
    assert.equal(events, [1, 3]);
    assert.is(await exitCode, 0);
    assert.is(await initiator.next(), undefined);
  } finally {
    await served.remove();
  }
});

test('a real initiator logs out when asked, and continues with the next process', async () => {
  let served = await ServedFile.start();
  try {
    const commands = ['write -P 1 0 1M', 'sleep 3000', 'read -P 1 0 1M', 'write -P 2 1M 1M', 'read -P 2 1M 1M'];
    const argv = ['qemu-io', '-f', 'raw', ...commands.flatMap((command) => ['-c', command]), served.url];
    const busy = client(argv);
    // It sleeps from then on.
    await until(() => firstBlock(served.path)[0] === 1, 'nothing is written');
    const before = served;
    served = await served.stopAndStartAgain();
    assert.match(before.log, /A session ended .*logged out/);
    const { output, exitCode } = await busy;
    assert.is(exitCode, 0, output);
    assert.not.match(output, /failed/i, output);
    assert.equal(firstBlock(served.path), Buffer.alloc(BLOCK_BYTES, 1));
  } finally {
    await served.remove();
  }
});

test('it ends properly when nobody reads its output', async () => {
  const served = await ServedFile.start();
  try {
    served.closeOutput();
    const initiator = new SocketInitiator(served.address);
    assert.ok(await initiator.login(served.iqn), 'it serves on');
    initiator.socket.destroy();
    assert.is(await served.stop(), 0);
    assert.not.match(served.log, /Warning/);
  } finally {
    await served.remove();
  }
});

test.run();
