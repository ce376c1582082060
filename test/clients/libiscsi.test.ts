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

/** The suite's own summary counts a skip as passed: they are counted here. */
async function conformance(served: ServedFile): Promise<{ ran: number; failed: string[]; skipped: number }> {
  const { output } = await client(['iscsi-test-cu', '--dataloss', '--test=ALL', served.url], 300);
  const [, ran = '0'] = /tests +\d+ +(\d+)/.exec(output) ?? [];
  const failed: string[] = [];
  let test = '';
  for (const line of output.split('\n')) {
    test = /Test: (\w+) \.\.\./.exec(line)?.[1] ?? test;
    // The verdict stands at the end of the line of its test, or alone after what the test has said.
    if (/(^|\.\.\.)FAILED$/.test(line)) failed.push(test);
  }
  return { ran: Number(ran), failed, skipped: output.split('[SKIPPED]').length - 1 };
}

for (const [name, flags] of [
  ['thin, 512-byte blocks', []],
  ['4 KiB blocks', ['--block-size', '4096']],
] as const) {
  test(`the conformance suite: ${name}`, async () => {
    const served = await ServedFile.start(...flags);
    try {
      const { ran, failed, skipped } = await conformance(served);
      console.log(`\n${name}: ${ran} tests ran, ${failed.length} failed, ${skipped} skips`);
      assert.equal(failed, []);
      assert.is(ran, 230);
      assert.ok(skipped <= 65, `${skipped} skips`);
    } finally {
      await served.remove();
    }
  });
}

test.run();
