import { openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { client, ServedFile } from '../fixtures/clients/served-file.ts';
import { until } from '../fixtures/eventually.ts';

const test = suite<{ served: ServedFile }>('QEMU');

test.before.each(async (context) => {
  context.served = await ServedFile.start();
});
test.after.each(({ served }) => served.remove());

function bytesAt(path: string, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(openSync(path, 'r'), bytes, 0, length, offset);
  return bytes;
}

test('qemu-io writes patterns of many sizes and reads them back', async ({ served }) => {
  const commands = [512, 4096, 65_536, 1 << 20, 9 << 20].flatMap((length, index) => [
    ['-c', `write -P ${index + 1} ${index * (16 << 20) + 512} ${length}`],
    ['-c', `read -P ${index + 1} ${index * (16 << 20) + 512} ${length}`],
  ]);
  const { output, exitCode } = await client(['qemu-io', '-f', 'raw', ...commands.flat(), served.url]);
  assert.is(exitCode, 0, output);
  assert.not.match(output, /failed|error/i);
  assert.equal(bytesAt(served.path, 512, 512), Buffer.alloc(512, 1));
});

test('header digests', async ({ served }) => {
  const options = `driver=iscsi,transport=tcp,portal=${served.address},target=${served.iqn},lun=1,header-digest=crc32c`;
  const commands = ['-c', 'write -P 5 0 3M', '-c', 'read -P 5 0 3M'];
  const { output, exitCode } = await client(['qemu-io', '--image-opts', options, ...commands]);
  assert.is(exitCode, 0, output);
  assert.not.match(output, 'Pattern verification failed');
});

test('zeroes and discards', async ({ served }) => {
  const commands = [
    'write -P 7 0 4M',
    'write -z -u 1M 1M',
    'discard 2M 1M',
    'flush',
    'read -P 0 1M 2M',
    'read -P 7 3M 1M',
  ];
  const argv = ['qemu-io', '-f', 'raw', '-d', 'unmap', ...commands.flatMap((command) => ['-c', command]), served.url];
  const { output, exitCode } = await client(argv);
  assert.is(exitCode, 0, output);
  assert.not.match(output, /Pattern verification failed/);
});

test('qemu-img asks what is allocated from an LBA within a physical block', async ({ served }) => {
  const written = await client(['qemu-io', '-f', 'raw', '-c', 'write -P 7 0 64k', served.url]);
  assert.is(written.exitCode, 0);
  // The initiator takes an answer that begins at any other LBA for an I/O error.
  const argv = ['qemu-img', 'map', '--output=json', '--start-offset=512', '-f', 'raw', served.url];
  const { output, exitCode } = await client(argv);
  assert.is(exitCode, 0, output);
  const [data, hole] = JSON.parse(output) as { start: number; length: number; data: boolean }[];
  assert.equal([data?.start, data?.length, data?.data, hole?.data], [512, 65_024, true, false]);
});

test('qemu-img copies an image there, and finds it the same', async ({ served }) => {
  const image = join(served.path, '..', 'source.img');
  const bytes = Buffer.alloc(32 << 20);
  for (let offset = 0; offset < bytes.length; offset += 4) bytes.writeUInt32LE((offset * 2_654_435_761) >>> 0, offset);
  writeFileSync(image, bytes);
  const copy = await client(['qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', image, served.url]);
  assert.is(copy.exitCode, 0, copy.output);
  const comparison = await client(['qemu-img', 'compare', '-f', 'raw', '-F', 'raw', image, served.url]);
  assert.match(comparison.output, /Images are identical/);
});

test('SIGTERM: exit code 0, and everything written is in the file', async ({ served }) => {
  const { exitCode } = await client(['qemu-io', '-f', 'raw', '-c', 'write -P 42 1M 1M', served.url]);
  assert.is(exitCode, 0);
  assert.is(await served.stop(), 0);
  assert.equal(bytesAt(served.path, 1 << 20, 1 << 20), Buffer.alloc(1 << 20, 42));
});

test('SIGTERM ends it while an initiator is logged in', async ({ served }) => {
  const busy = client(['qemu-io', '-f', 'raw', '-c', 'write -P 1 0 1M', '-c', 'sleep 3000', served.url]);
  await until(() => bytesAt(served.path, 0, 1)[0] === 1, 'nothing is written');
  assert.is(await served.stop(), 0);
  assert.equal(bytesAt(served.path, 0, 512), Buffer.alloc(512, 1));
  await busy;
});

test.run();
