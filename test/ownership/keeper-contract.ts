import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OwnershipKeeper } from '../../src/ownership/keeper.ts';

/** Opens a keeper without records; `again` opens the same one anew, as another process would. */
export type OpenKeeper = () => { keeper: OwnershipKeeper; again: () => OwnershipKeeper; dispose: () => void };

const DATA = { host: 'alpha', volume: 'data' };
const HOME = { host: 'alpha', volume: 'home' };

/** What every keeper of ownership records must do. */
export function keeperContract(name: string, open: OpenKeeper): void {
  const test = suite<ReturnType<OpenKeeper>>(`ownership keeper contract: ${name}`);
  test.before.each((context) => {
    Object.assign(context, open());
  });
  test.after.each(({ dispose }) => dispose());

  test('a volume without a record has none', async ({ keeper }) => {
    assert.is(await keeper.read(DATA), undefined);
    await rejects('OWNERSHIP_CHANGED', keeper.change(DATA, 1, 'in-sync'));
  });

  test('a change raises the epoch, and others see it', async ({ keeper, again }) => {
    const created = await keeper.change(DATA, undefined, 'created');
    assert.is(created.epoch, 1);
    assert.is(created.owner, 'primary');
    const paired = await keeper.change(DATA, 1, 'in-sync');
    assert.is(paired.epoch, 2);
    assert.is(paired.owner, 'pair');
    assert.equal(await again().read(DATA), paired);
  });

  test('a change at another epoch is refused, and changes nothing', async ({ keeper, again }) => {
    await keeper.change(DATA, undefined, 'created');
    const paired = await keeper.change(DATA, 1, 'in-sync');
    for (const epoch of [undefined, 0, 1, 3]) {
      await rejects('OWNERSHIP_CHANGED', again().change(DATA, epoch, epoch === undefined ? 'created' : 'taken-over'));
    }
    assert.equal(await keeper.read(DATA), paired);
  });

  test('a change that no rule allows is refused, and changes nothing', async ({ keeper }) => {
    const created = await keeper.change(DATA, undefined, 'created');
    await rejects('OWNERSHIP_RULE', keeper.change(DATA, 1, 'taken-over'));
    assert.equal(await keeper.read(DATA), created);
  });

  test('of several changes at one epoch, one succeeds', async ({ keeper, again }) => {
    await keeper.change(DATA, undefined, 'created');
    await keeper.change(DATA, 1, 'in-sync');
    const rivals = Array.from({ length: 8 }, (_, index) =>
      again().change(DATA, 2, index % 2 === 0 ? 'taken-over' : 'leg-lost'),
    );
    const results = await Promise.allSettled(rivals);
    const winners = results.filter((result) => result.status === 'fulfilled');
    assert.is(winners.length, 1);
    assert.equal(await keeper.read(DATA), winners[0]?.value);
    for (const result of results) if (result.status === 'rejected') assert.is(result.reason.code, 'OWNERSHIP_CHANGED');
  });

  test('volumes do not affect each other', async ({ keeper }) => {
    await keeper.change(DATA, undefined, 'created');
    await keeper.change(HOME, undefined, 'created');
    await keeper.change(HOME, 1, 'in-sync');
    assert.is((await keeper.read(DATA))?.owner, 'primary');
    assert.is((await keeper.read(HOME))?.owner, 'pair');
  });

  test.run();
}

async function rejects(code: string, change: Promise<unknown>): Promise<void> {
  const error = await change.then(
    () => undefined,
    (reason) => reason,
  );
  assert.is(error?.code, code);
}
