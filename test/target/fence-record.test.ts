import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FenceRecord } from '../../src/target/fence-record.ts';

const test = suite<{ pool: string }>('FenceRecord');

test.before.each((context) => {
  context.pool = mkdtempSync(join(tmpdir(), 'spare-fence-'));
});
test.after.each(({ pool }) => rmSync(pool, { recursive: true }));

test('stands from writing to removing, for every reader, one file, mode 0600', ({ pool }) => {
  const subject = new FenceRecord(pool, 'alpha');
  assert.not.ok(subject.stands);
  subject.write();
  subject.write();
  assert.ok(new FenceRecord(pool, 'alpha').stands);
  assert.not.ok(new FenceRecord(pool, 'beta').stands);
  assert.equal(readdirSync(pool), ['alpha.fenced']);
  assert.is(statSync(join(pool, 'alpha.fenced')).mode & 0o777, 0o600);
  subject.remove();
  subject.remove();
  assert.not.ok(subject.stands);
});

test.run();
