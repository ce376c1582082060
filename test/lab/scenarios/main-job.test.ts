/**
 * A primary loses its power under load and is taken over by itself; it comes home with an incremental copy. Then again, with
 * blocks that had reached only its own disk before it died. At the end both legs are compared from outside.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { countBlocks, LOCAL_ONLY_BLOCKS, overwriteLocally, writeMirrored } from '../local-only-blocks.ts';
import { stall_s } from '../main-job.ts';
import { scenario } from './scenario.ts';

const WRITING_MS = 5_000;
/** Well inside the lease of 12 s: nothing can have been acknowledged without the mirror. */
const SILENCE_MS = 4_000;
/** A write to beta must never feel what happens to alpha; under emulation four machines share two cores with the takeover. */
const STALL_LIMIT_S = 5;

export default scenario('main-job', (job, step) => {
  step('alpha loses its power, and is taken over by itself', async () => {
    await sleep(WRITING_MS);
    const takeover = await job.loseAndTakeOver('alpha');
    console.log(`# ${JSON.stringify(takeover)}`);
    await sleep(WRITING_MS);
  });

  step('alpha comes back passive', async () => {
    await job.powerOn('alpha');
    const { shell } = job.lab.machine('alpha');
    const { stdout } = await shell.run('cat /proc/mdstat; ip -o address; mount');
    assert.not.match(stdout, /md\d+ : active/);
    assert.not.match(stdout, /10\.77\.0\.101/);
    assert.not.match(stdout, /\/srv\/alpha/);
  });

  step('alpha fails back with an incremental copy', async () => {
    const failback = await job.failBack('alpha');
    console.log(`# ${JSON.stringify(failback)}`);
    const written_bytes = await job.lab.machine('alpha').written_bytes('alpha-data');
    assert.ok(written_bytes < failback.size_bytes / 4, `${written_bytes} of ${failback.size_bytes} bytes were written`);
  });

  step('blocks reach only the disk of alpha before it dies again', async () => {
    await writeMirrored(job.lab, 'alpha');
    await job.lab.network.drop('alpha', 'standby');
    await overwriteLocally(job.lab, 'alpha');
    await sleep(SILENCE_MS);
    const takeover = await job.loseAndTakeOver('alpha');
    console.log(`# ${JSON.stringify(takeover)}`);
    assert.equal(await countBlocks(job.lab, 'alpha'), { mirrored: 0, localOnly: LOCAL_ONLY_BLOCKS });
  });

  step('alpha fails back and those blocks are as the standby has them', async () => {
    await job.lab.network.heal('alpha');
    await job.powerOn('alpha');
    const failback = await job.failBack('alpha');
    console.log(`# ${JSON.stringify(failback)}`);
    const written_bytes = await job.lab.machine('alpha').written_bytes('alpha-data');
    assert.ok(written_bytes < failback.size_bytes / 4, `${written_bytes} of ${failback.size_bytes} bytes were written`);
  });

  step('no acknowledged record is lost, and beta never waited', async () => {
    const { alpha, beta } = await job.settle();
    assert.equal(alpha.errors, []);
    assert.equal(beta.errors, []);
    assert.equal(alpha.lost, []);
    assert.equal(beta.lost, []);
    assert.ok(alpha.acknowledgements.length > 100, `Only ${alpha.acknowledgements.length} records were written`);
    assert.ok(stall_s(beta) < STALL_LIMIT_S, `A record of beta waited for ${stall_s(beta)} s`);
  });

  step('beta was mirrored all the time', async () => {
    const samples = await job.mirrorSamples('beta');
    assert.ok(samples.taken > 50, `Only ${samples.taken} looks were taken`);
    assert.is(samples.degraded, 0);
  });

  step('both legs are equal, byte for byte', async () => {
    const legs = await job.compareLegs('alpha');
    assert.equal(legs.differingChunks, []);
    assert.ok(legs.compared_bytes > 200 * 2 ** 20, `Only ${legs.compared_bytes} bytes were compared`);
    const { localOnly } = await countBlocks(job.lab, 'alpha');
    assert.is(localOnly, 0);
  });
});
