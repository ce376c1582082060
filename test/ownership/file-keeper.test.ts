import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileKeeper, readOwnershipFile } from '../../src/ownership/file-keeper.ts';
import type { VolumeId } from '../../src/ownership/record.ts';
import { keeperContract } from './keeper-contract.ts';

function open() {
  const folder = mkdtempSync(join(tmpdir(), 'ownership-'));
  const pathOf = ({ host, volume }: VolumeId) => join(folder, host, `${volume}.ownership`);
  const again = () => new FileKeeper(pathOf);
  const path = pathOf({ host: 'alpha', volume: 'data' });
  return { keeper: again(), again, path, dispose: () => rmSync(folder, { recursive: true }) };
}

keeperContract('a file on the standby', open);

const test = suite<ReturnType<typeof open>>('file keeper');
const DATA = { host: 'alpha', volume: 'data' };
test.before.each((context) => {
  Object.assign(context, open());
});
test.after.each(({ dispose }) => dispose());

test('a change needs no more space than the file has from the beginning', async ({ keeper, path }) => {
  await keeper.change(DATA, undefined, 'created');
  const { size, ino } = statSync(path);
  for (let epoch = 1; epoch < 10; epoch += 1) await keeper.change(DATA, epoch, 'logged-in');
  assert.equal([statSync(path).size, statSync(path).ino], [size, ino]);
});

test('a torn write leaves the record as it was before', async ({ keeper, path }) => {
  await keeper.change(DATA, undefined, 'created');
  const before = await keeper.change(DATA, 1, 'in-sync');
  const old = readFileSync(path);
  await keeper.change(DATA, 2, 'taken-over');
  const now = readFileSync(path);
  // The first 512 bytes of what has changed are new, the rest is old.
  const torn = Buffer.from(old);
  const start = old.findIndex((byte, index) => byte !== now[index]);
  const slot = start - (start % 4096);
  now.copy(torn, slot, slot, slot + 16);
  writeFileSync(path, torn);
  assert.equal(readOwnershipFile(path), before);
});

for (const [what, content] of [
  ['empty', Buffer.alloc(0)],
  ['zeroes', Buffer.alloc(8192)],
  ['text', Buffer.from('null')],
] as const) {
  test(`a file that holds ${what} is damaged, and proves nothing`, async ({ keeper, path }) => {
    await keeper.change(DATA, undefined, 'created');
    writeFileSync(path, content);
    for (const attempt of [keeper.read(DATA), keeper.change(DATA, 1, 'in-sync')]) {
      const error = await attempt.then(
        () => undefined,
        (reason) => reason,
      );
      assert.is(error?.code, 'OWNERSHIP_DAMAGED');
    }
  });
}

test.run();
