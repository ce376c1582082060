import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { client, ServedFile } from '../fixtures/clients/served-file.ts';

const test = suite('libiscsi');

test('finds the target, and what it is', async () => {
  const served = await ServedFile.start();
  try {
    const list = await client(['iscsi-ls', '-s', `iscsi://${served.address}`]);
    assert.match(list.output, `Target:${served.iqn} Portal:${served.address},1`);
    assert.match(list.output, /Lun:1 +Type:DIRECT_ACCESS \(Size:255M\)/);
    const inquiry = await client(['iscsi-inq', served.url]);
    assert.match(inquiry.output, 'Peripheral Device Type:DIRECT_ACCESS');
    const capacity = await client(['iscsi-readcapacity16', served.url]);
    assert.match(capacity.output, 'Total size:268435456');
    assert.match(capacity.output, 'LOGICAL BLOCK LENGTH IN BYTES:512');
  } finally {
    await served.remove();
  }
});

test('4 KiB blocks, thick', async () => {
  const served = await ServedFile.start('--block-size', '4096', '--no-thin');
  try {
    const { output } = await client(['iscsi-readcapacity16', served.url]);
    assert.match(output, 'LOGICAL BLOCK LENGTH IN BYTES:4096');
    assert.match(output, 'LBPME:0');
  } finally {
    await served.remove();
  }
});

test.run();
