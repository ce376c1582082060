/**
 * The Linux kernel's own initiator against the target: authentication both ways, digests, a file system, verified load over resets and a
 * killed target, space given back, and SCSI commands as Debian's tools send them. Only the standby and alpha are powered on.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Configuration } from '../../../src/config/schema.ts';
import {
  KernelInitiator,
  LOGIN_AUTHENTICATION_FAILED,
  LOGIN_FAILED,
  type NodeRecord,
  type Session,
} from '../kernel-initiator.ts';
import { MainJob } from '../main-job.ts';
import { CHAP, ServedDisk } from '../served-disk.ts';
import { MACHINES } from '../settings.ts';
import { type FioJob, verifiedLoad } from '../verified-load.ts';
import { labScenario } from './scenario.ts';
import { scsiCommandSteps } from './scsi-commands.ts';

const DISK_MIB = 256;
const MIB = 2 ** 20;
const DISTURBANCES = 3;
const BETWEEN_MS = 4_000;
const MOUNT_POINT = '/mnt/disk';
/** What file systems and the standby's own one keep of a file that has been emptied: some extents, no data. */
const EMPTY_FILE_LIMIT_BYTES = 64 * 1024;

const OPEN_ISCSI_CHAP = {
  'node.session.auth.authmethod': 'CHAP',
  'node.session.auth.username': CHAP.user,
  'node.session.auth.password': CHAP.secret,
};

/** Up to 1 MiB, past the first burst of 256 KiB: immediate data, unsolicited data and R2T all occur. */
const DIRECT: FioJob = {
  rw: 'randwrite',
  direct: '1',
  ioengine: 'libaio',
  iodepth: '16',
  bssplit: '512/25:4k/25:64k/25:1M/25',
  blockalign: '512',
};
const JOBS: Readonly<Record<string, FioJob>> = {
  direct: { ...DIRECT, size: '32M', fsync: '16' },
  buffered: { rw: 'randwrite', bsrange: '4k-128k', offset: '64M', size: '16M', fsync: '16' },
  sequential: { rw: 'write', bs: '1M', direct: '1', ioengine: 'libaio', iodepth: '4', offset: '128M', size: '48M' },
};

export default labScenario('kernel-initiator', ['standby', 'alpha'], (lab, step) => {
  const standby = lab.machine('standby');
  const alpha = lab.machine('alpha');
  const initiator = new KernelInitiator(alpha);
  const served = new ServedDisk(standby, DISK_MIB);
  let record: NodeRecord = { iqn: '', portal: served.portal };
  let session: Session;

  /** What the initiator reads is what the standby has in the file. */
  const assertSameOutside = async () => {
    const { stdout } = await alpha.shell.run(`blockdev --flushbufs ${session.disk} && sha256sum ${session.disk}`, {
      timeout_ms: 120_000,
    });
    assert.is(stdout.slice(0, 64), await served.sha256());
  };

  const assertVerified = (results: Awaited<ReturnType<typeof verifiedLoad>>) => {
    console.log(`# ${JSON.stringify(results)}`);
    for (const { error, read_bytes, written_bytes, name } of results) {
      assert.is(error, 0, name);
      assert.ok(written_bytes > 0 && read_bytes === written_bytes, `${name}: not all that was written was read back`);
    }
  };

  step('who names no user, an unknown one, or a wrong secret is refused', async () => {
    record = { ...record, iqn: await served.start() };
    await alpha.shell.run('modprobe iscsi_tcp');
    // Where a user is set, open-iscsi offers CHAP, whatever `authmethod` says: so this comes before any is.
    await initiator.define(record, { 'node.session.auth.authmethod': 'None' });
    assert.is(await initiator.tryLogin(record), LOGIN_AUTHENTICATION_FAILED);
    for (const wrong of [
      { 'node.session.auth.username': 'somebody' },
      { 'node.session.auth.password': `${CHAP.secret}!` },
    ]) {
      await initiator.set(record, { ...OPEN_ISCSI_CHAP, ...wrong });
      assert.is(await initiator.tryLogin(record), LOGIN_AUTHENTICATION_FAILED, JSON.stringify(wrong));
    }
    await initiator.set(record, OPEN_ISCSI_CHAP);
  });

  for (const headerDigest of [false, true]) {
    for (const dataDigest of [false, true]) {
      const named = (on: boolean) => (on ? 'CRC32C' : 'None');
      step(`verified load with HeaderDigest ${named(headerDigest)}, DataDigest ${named(dataDigest)}`, async () => {
        await initiator.set(record, {
          'node.conn[0].iscsi.HeaderDigest': named(headerDigest),
          'node.conn[0].iscsi.DataDigest': named(dataDigest),
        });
        session = await initiator.login(record);
        assert.equal([session.headerDigest, session.dataDigest], [headerDigest, dataDigest]);
        const details = await initiator.details();
        assert.match(details, `HeaderDigest: ${named(headerDigest)}`);
        assert.match(details, `DataDigest: ${named(dataDigest)}`);
        assertVerified(await verifiedLoad(alpha, session.disk, { digests: { ...DIRECT, size: '12M' } }));
        await initiator.logout(record);
      });
    }
  }

  step('a file system keeps its files over a logout, and is clean', async () => {
    session = await initiator.login(record);
    const write = [
      `mkfs.ext4 -q ${session.disk} && mkdir -p ${MOUNT_POINT} && mount ${session.disk} ${MOUNT_POINT} && cd ${MOUNT_POINT}`,
      'for i in $(seq 1 60); do head -c $((i * 23456)) /dev/urandom > file-$i || exit 1; done',
      'sha256sum file-* > /tmp/checksums && sync',
      `cd / && umount ${MOUNT_POINT}`,
    ].join(' && ');
    await alpha.shell.run(write, { timeout_ms: 120_000 });
    await initiator.logout(record);
    session = await initiator.login(record);
    await alpha.shell.run(
      `mount ${session.disk} ${MOUNT_POINT} && cd ${MOUNT_POINT} && sha256sum --quiet -c /tmp/checksums`,
    );
  });

  step('files that are removed and trimmed give their space back', async () => {
    const before_bytes = await served.allocated_bytes();
    const { stdout } = await alpha.shell.run(
      `cd ${MOUNT_POINT} && du -scB1 file-?? | tail -n 1 && rm file-?? && sync && fstrim ${MOUNT_POINT} && sha256sum --quiet --ignore-missing -c /tmp/checksums`,
    );
    const removed_bytes = Number.parseInt(stdout, 10);
    const given_bytes = before_bytes - (await served.allocated_bytes());
    console.log(`# removed ${removed_bytes} bytes, the standby got ${given_bytes} back`);
    assert.ok(removed_bytes > 32 * MIB && given_bytes > removed_bytes * 0.9, `Of ${removed_bytes} only ${given_bytes}`);
    await alpha.shell.run(`umount ${MOUNT_POINT} && e2fsck -fn ${session.disk}`);
    await assertSameOutside();
    // By the standby's own eyes, without the target.
    await standby.shell.run(`e2fsck -fn ${served.file}`);
  });

  step('verified load of three kinds at once', async () => {
    const results = await verifiedLoad(alpha, session.disk, JOBS);
    assertVerified(results);
    assert.ok(
      results.every(({ name, flushes }) => name === 'sequential' || flushes > 0),
      'Nothing was flushed',
    );
    await assertSameOutside();
  });

  /** Load from before the first disturbance until after the last one, however fast the machine is. */
  const assertVerifiedDuring = async (disturb: () => Promise<void>) => {
    let isOver = false;
    const disturbed = (async () => {
      for (let count = 0; count < DISTURBANCES; count += 1) {
        await sleep(BETWEEN_MS);
        await disturb();
      }
    })().finally(() => {
      isOver = true;
    });
    do assertVerified(await verifiedLoad(alpha, session.disk, JOBS));
    while (!isOver);
    await disturbed;
  };

  step('verified load while the logical unit is reset', () =>
    assertVerifiedDuring(async () => {
      await alpha.shell.run(`sg_reset -d ${session.disk}`);
    }),
  );

  step('verified load while the target is killed and comes back', async () => {
    const before = await initiator.recoveries();
    await assertVerifiedDuring(() => served.kill());
    assert.ok((await initiator.recoveries()) > before, 'The initiator has not noticed');
    await assertSameOutside();
  });

  step('a disk that is discarded takes no space and reads as zeroes', async () => {
    assert.ok((await served.allocated_bytes()) > 80 * MIB, 'There was nothing to give back');
    await alpha.shell.run(`blkdiscard -f ${session.disk}`);
    await alpha.shell.run(
      `blockdev --flushbufs ${session.disk} && cmp -n ${DISK_MIB * MIB} ${session.disk} /dev/zero`,
      {
        timeout_ms: 120_000,
      },
    );
    const allocated_bytes = await served.allocated_bytes();
    assert.ok(allocated_bytes < EMPTY_FILE_LIMIT_BYTES, `${allocated_bytes} bytes are still allocated`);
    assert.is(
      await served.sha256(),
      createHash('sha256')
        .update(Buffer.alloc(DISK_MIB * MIB))
        .digest('hex'),
    );
  });

  scsiCommandSteps(step, {
    initiator,
    machine: alpha,
    record: () => record,
    settings: OPEN_ISCSI_CHAP,
    first: () => session,
  });

  step(
    'an enrolled host and its target prove themselves to each other',
    async () => {
      const job = new MainJob(lab);
      await job.standby.init(['alpha']);
      await job.enroll('alpha');
      const { stdout } = await standby.shell.run('cat /etc/spare/config.json');
      const host = (JSON.parse(stdout) as Configuration).hosts.alpha;
      assert.ok(host);
      const { iqn, initiatorName, chap, mutualChap } = host.target;
      const own = (await initiator.details()).split('Target: ').find((text) => text.startsWith(iqn));
      assert.match(own ?? '', `username: ${chap.user}\n`);
      assert.match(own ?? '', `username_in: ${mutualChap.user}\n`);
      // The same initiator once more: which of the two secrets is wrong decides who refuses whom.
      const portal = `${MACHINES.standby.address}:3260`;
      const again = { iqn, portal, interface: { name: 'again', initiatorName } };
      const right = {
        'node.session.auth.authmethod': 'CHAP',
        'node.session.auth.username': chap.user,
        'node.session.auth.password': chap.secret,
        'node.session.auth.username_in': mutualChap.user,
        'node.session.auth.password_in': mutualChap.secret,
      };
      await initiator.define(again, right);
      const wrong = [
        ['node.session.auth.password', LOGIN_AUTHENTICATION_FAILED],
        ['node.session.auth.password_in', LOGIN_FAILED],
      ] as const;
      for (const [secret, exitCode] of wrong) {
        await initiator.set(again, { [secret]: `${right[secret].slice(1)}0` });
        assert.is(await initiator.tryLogin(again), exitCode, secret);
        await initiator.set(again, right);
      }
      const { disk } = await initiator.login(again);
      await alpha.shell.run(`sg_turs ${disk} || sg_turs ${disk}`);
      await initiator.logout(again);
      assert.is(await job.missingLegs('alpha'), 0);
    },
    600_000,
  );
});
