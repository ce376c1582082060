/** Real initiators that are sent to another portal. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { client, ServedFile } from '../fixtures/clients/served-file.ts';

const test = suite<{ there: ServedFile }>('login redirect');

test.before(async (context) => {
  context.there = await ServedFile.start();
});
test.after(({ there }) => there.remove());

test('libiscsi and QEMU follow', async ({ there }) => {
  const here = await ServedFile.start('--redirect', there.address);
  try {
    assert.is(here.iqn, there.iqn);
    assert.is.not(here.address, there.address);
    const inquiry = await client(['iscsi-inq', here.url]);
    assert.is(inquiry.exitCode, 0, inquiry.output);
    assert.match(inquiry.output, 'Peripheral Device Type:DIRECT_ACCESS');

    const written = await client(['qemu-io', '-f', 'raw', '-c', 'write -P 9 1M 64k', here.url]);
    assert.is(written.exitCode, 0, written.output);
    const found = await client(['qemu-io', '-f', 'raw', '-c', 'read -P 9 1M 64k', there.url]);
    assert.is(found.exitCode, 0, found.output);

    const list = await client(['iscsi-ls', `iscsi://${here.address}`]);
    assert.match(list.output, `Target:${there.iqn} Portal:${there.address},1`);
  } finally {
    await here.remove();
  }
});

test('without the other portal the login fails', async () => {
  // Port 1 of loopback: nobody listens there.
  const here = await ServedFile.start('--redirect', '127.0.0.1:1');
  try {
    const { output, exitCode } = await client(['iscsi-inq', here.url], 10);
    assert.is.not(exitCode, 0);
    assert.not.match(output, 'Peripheral');
  } finally {
    await here.remove();
  }
});

test.run();
