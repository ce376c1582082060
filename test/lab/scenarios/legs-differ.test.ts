/**
 * While alpha is off, blocks of its own disk change that no bitmap knows of: the copy home leaves them, and the comparison finds them.
 * The failback must say so and `spare status` must go on saying so; run again, it puts them right from the standby leg.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { countBlocks, LOCAL_ONLY_BLOCKS, overwriteFromOutside, writeMirrored } from '../local-only-blocks.ts';
import { scenario } from './scenario.ts';

/** MD forgets that a chunk was being written some seconds after the write (`md/bitmap`, daemon_sleep of 5 s): until then the copy home would bring it. */
const BITMAP_SETTLES_MS = 25_000;
const FAILBACK_LIMIT_MS = 600_000;
const STEP_FAILED = 5;

interface FailbackAnswer {
  legs_equal?: boolean;
  error?: { code: string };
}

export default scenario('legs-differ', (job, step) => {
  const failback = async (): Promise<{ exitCode: number | undefined; answer: FailbackAnswer }> => {
    const { shell } = job.lab.machine('standby');
    const { stdout, exitCode } = await shell.run('spare failback alpha --json', {
      timeout_ms: FAILBACK_LIMIT_MS,
      acceptFailure: true,
    });
    return { exitCode, answer: JSON.parse(stdout) as FailbackAnswer };
  };
  const problems = async (): Promise<string> => {
    const { hosts } = await job.standby.status();
    return (
      hosts
        .find(({ host }) => host === 'alpha')
        ?.problems.map(({ sentence }) => sentence)
        .join('; ') ?? 'unknown'
    );
  };

  step('alpha is taken over, and blocks of its own disk change while it is off', async () => {
    await writeMirrored(job.lab, 'alpha');
    await sleep(BITMAP_SETTLES_MS);
    await job.loseAndTakeOver('alpha');
    await overwriteFromOutside(job.lab, 'alpha');
    assert.equal(await countBlocks(job.lab, 'alpha'), { mirrored: 0, localOnly: LOCAL_ONLY_BLOCKS });
  });

  step(
    'the failback says that the legs differ',
    async () => {
      await job.powerOn('alpha');
      const { exitCode, answer } = await failback();
      assert.equal([exitCode, answer.error?.code], [STEP_FAILED, 'LEGS_DIFFER']);
      await job.waitForAcknowledgement('alpha');
    },
    FAILBACK_LIMIT_MS,
  );

  step('spare status goes on saying so, though both legs count as in sync', async () => {
    await job.standby.waitForState('alpha', 'protected', 60_000);
    assert.match(await problems(), /Mirror mismatch: \d+ sectors/);
  });

  step(
    'run again, it fills the disk of alpha from the standby, and finds nothing',
    async () => {
      const { exitCode, answer } = await failback();
      assert.equal([exitCode, answer.legs_equal], [0, true], JSON.stringify(answer));
      await job.waitForAcknowledgement('alpha');
      await sleep(5_000);
      assert.is(await problems(), '');
    },
    FAILBACK_LIMIT_MS,
  );

  step('no acknowledged record is lost, and both legs are equal, byte for byte', async () => {
    const { alpha } = await job.settle();
    assert.equal([alpha.errors, alpha.lost], [[], []]);
    const legs = await job.compareLegs('alpha');
    assert.equal(legs.differingChunks, []);
    assert.equal(await countBlocks(job.lab, 'alpha'), { mirrored: LOCAL_ONLY_BLOCKS, localOnly: 0 });
  });
});
