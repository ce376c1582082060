import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FenceRecord } from '../../src/target/fence-record.ts';

const test = suite<{ folder: string }>('FenceRecord');

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'spare-fence-'));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test('stands from writing to removing, for every reader, one file, mode 0600', ({ folder }) => {
  const subject = new FenceRecord(folder);
  assert.not.ok(subject.stands);
  subject.write();
  subject.write();
  assert.ok(new FenceRecord(folder).stands);
  assert.equal(readdirSync(folder), ['fenced']);
  assert.is(statSync(join(folder, 'fenced')).mode & 0o777, 0o600);
  subject.remove();
  subject.remove();
  assert.not.ok(subject.stands);
  assert.equal(readdirSync(folder), ['fenced']);
});

test('once it is there, it needs no more space', ({ folder }) => {
  const subject = new FenceRecord(folder);
  subject.reserve();
  assert.not.ok(subject.stands);
  const { size, ino, blocks } = statSync(join(folder, 'fenced'));
  subject.write();
  subject.reserve();
  assert.ok(subject.stands);
  subject.remove();
  const now = statSync(join(folder, 'fenced'));
  assert.equal([now.size, now.ino, now.blocks], [size, ino, blocks]);
});

for (const [what, content] of [
  ['of an older version', '{"fencedAt":"2026-11-30T10:00:00.000Z"}\n'],
  ['that is empty', ''],
  ['that is damaged', Buffer.alloc(8192, 7)],
] as const) {
  test(`a record ${what} counts, until it is removed`, ({ folder }) => {
    writeFileSync(join(folder, 'fenced'), content);
    const subject = new FenceRecord(folder);
    assert.ok(subject.stands);
    subject.reserve();
    subject.write();
    assert.ok(subject.stands);
    subject.remove();
    assert.not.ok(subject.stands);
    subject.write();
    assert.ok(new FenceRecord(folder).stands);
  });
}

test.run();
