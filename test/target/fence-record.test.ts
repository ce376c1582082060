import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
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
});

test.run();
