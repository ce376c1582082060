/** A fault in the code: the text in a file that is replaced. The text is there exactly once. */
export interface Mutation {
  name: string;
  file: string;
  find: string;
  replace: string;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a lease that never runs out',
    file: 'src/ownership/lease.ts',
    find: "return record.owner === 'pair' && leaseLeft_ms(before, clock) <= 0 ? 'primary' : record.owner;",
    replace: 'return record.owner;',
  },
  {
    name: 'a lease that is three times as long',
    file: 'src/ownership/lease.ts',
    find: 'lease_ms * (1 - CLOCK_DRIFT) - age_ms',
    replace: '3 * lease_ms - age_ms',
  },
  {
    name: 'a lease that is counted from an unknown time',
    file: 'src/ownership/lease.ts',
    find: 'age_ms === undefined ? Number.NEGATIVE_INFINITY',
    replace: 'age_ms === undefined ? lease_ms',
  },
  {
    name: 'an off that is not voided by a sign of life',
    file: 'src/ownership/lease.ts',
    find: 'off === true && off_ms !== undefined && heard_ms !== undefined && heard_ms > off_ms',
    replace: 'off === true && off_ms !== undefined',
  },
  {
    name: 'losing the LUN during the fill makes the primary the owner',
    file: 'src/ownership/rules.ts',
    find: "{ from: 'fill', cause: 'leg-lost', to: 'fill' }",
    replace: "{ from: 'fill', cause: 'leg-lost', to: 'primary' }",
  },
  {
    name: 'a lost leg keeps the pair',
    file: 'src/ownership/rules.ts',
    find: "{ from: 'pair', cause: 'leg-lost', to: 'primary' }",
    replace: "{ from: 'pair', cause: 'leg-lost', to: 'pair' }",
  },
  {
    name: 'a boot of the standby keeps the pair',
    file: 'src/ownership/rules.ts',
    find: "{ from: 'pair', cause: 'standby-booted', to: 'primary' }",
    replace: "{ from: 'pair', cause: 'standby-booted', to: 'pair' }",
  },
  {
    name: 'a lease that runs out keeps the pair',
    file: 'src/ownership/rules.ts',
    find: "{ from: 'pair', cause: 'lease-expired', to: 'primary' }",
    replace: "{ from: 'pair', cause: 'lease-expired', to: 'pair' }",
  },
  {
    name: 'a login makes a pair',
    file: 'src/ownership/rules.ts',
    find: "{ from: 'primary', cause: 'logged-in', to: 'primary' }",
    replace: "{ from: 'primary', cause: 'logged-in', to: 'pair' }",
  },
  {
    name: 'a login during the fill makes a pair',
    file: 'src/ownership/rules.ts',
    find: "{ from: 'fill', cause: 'logged-in', to: 'fill' }",
    replace: "{ from: 'fill', cause: 'logged-in', to: 'pair' }",
  },
  {
    name: 'a takeover of a primary that acknowledges alone',
    file: 'src/ownership/rules.ts',
    find: "{ from: 'fill', cause: 'taken-over', to: 'standby' }",
    replace:
      "{ from: 'fill', cause: 'taken-over', to: 'standby' },\n  { from: 'primary', cause: 'taken-over', to: 'standby' }",
  },
  {
    name: 'a failback leaves the primary as the owner',
    file: 'src/ownership/rules.ts',
    find: "{ from: 'standby', cause: 'gone-home', to: 'fill' }",
    replace: "{ from: 'standby', cause: 'gone-home', to: 'primary' }",
  },
  {
    name: 'a takeover that is rolled back makes a pair',
    file: 'src/ownership/rules.ts',
    find: "cause: 'takeover-rolled-back', takenFrom: 'pair', to: 'primary'",
    replace: "cause: 'takeover-rolled-back', takenFrom: 'pair', to: 'pair'",
  },
  {
    name: 'a change does not raise the epoch',
    file: 'src/ownership/rules.ts',
    find: 'epoch = (record?.epoch ?? 0) + 1',
    replace: 'epoch = record?.epoch ?? 1',
  },
  {
    name: 'a change at any epoch',
    file: 'src/ownership/file-keeper.ts',
    find: 'if (record.epoch !== epoch) throw',
    replace: 'if (record.epoch < epoch) throw',
  },
  {
    name: 'a record that is not flushed',
    file: 'src/std/reserved-file.ts',
    find: '  writeFully(fd, encode(content, sequence + 1n), (1 - index) * SLOT_bytes);\n  syncNow(fd);',
    replace: '  writeFully(fd, encode(content, sequence + 1n), (1 - index) * SLOT_bytes);',
  },
  {
    name: 'a record that overwrites the newer slot',
    file: 'src/std/reserved-file.ts',
    find: '(1 - index) * SLOT_bytes',
    replace: 'index * SLOT_bytes',
  },
  {
    name: 'the older slot is read',
    file: 'src/std/reserved-file.ts',
    find: 'a.sequence < b.sequence ? 1 : -1',
    replace: 'a.sequence < b.sequence ? -1 : 1',
  },
  {
    name: 'a new record that is not flushed',
    file: 'src/std/reserved-file.ts',
    find: '    syncNow(fd);\n    linkSync',
    replace: '    linkSync',
  },
  {
    name: 'a pair by a report of another epoch',
    file: 'src/watch/pair-proof.ts',
    find: 'report.epoch === record.epoch,',
    replace: 'true,',
  },
  {
    name: 'a pair by an old report',
    file: 'src/watch/pair-proof.ts',
    find: 'isRecent(report.received, clock),',
    replace: 'true,',
  },
  {
    name: 'a pair without a mirror',
    file: 'src/watch/pair-proof.ts',
    find: "mirrorCondition(report) === 'in-sync',",
    replace: 'true,',
  },
  {
    name: 'a pair with a timer that is too short',
    file: 'src/watch/pair-proof.ts',
    find: '(report.recoveryTimeout_s ?? 0) >= lease_s,',
    replace: 'true,',
  },
  {
    name: 'a pair with a session that the target lacks',
    file: 'src/watch/pair-proof.ts',
    find: 'contact.hasSession,',
    replace: 'true,',
  },
  {
    name: 'a pair with a session that is not heard',
    file: 'src/watch/pair-proof.ts',
    find: 'isRecent(contact.sessionHeard, clock),',
    replace: 'true,',
  },
  {
    name: 'a pair with lost writes',
    file: 'src/watch/pair-proof.ts',
    find: "contact.lostWrites === 'none',",
    replace: 'true,',
  },
  {
    name: 'a lost leg that is reported and not recorded',
    file: 'src/watch/ownership-observer.ts',
    find: "return isOfNow && hasLostLeg(report) ? 'leg-lost' : undefined;",
    replace: 'return undefined;',
  },
  {
    name: 'a lost leg by a report of another epoch',
    file: 'src/watch/ownership-observer.ts',
    find: 'isOfNow && hasLostLeg(report)',
    replace: 'hasLostLeg(report)',
  },
  {
    name: 'off without asking whether the lease has run out',
    file: 'src/watch/ownership-observer.ts',
    find: '!record.off && contact && this.#isPair(record, contact)',
    replace: '!record.off && contact',
  },
  {
    name: 'dead after one miss',
    file: 'src/watch/verdict.ts',
    find: 'DEAD_AFTER_MISSES = 6',
    replace: 'DEAD_AFTER_MISSES = 1',
  },
  {
    name: 'dead while a probe answers',
    file: 'src/watch/verdict.ts',
    find: "if (known.includes(0)) return 'alive';",
    replace: '',
  },
  {
    name: 'no isolation',
    file: 'src/watch/isolation.ts',
    find: "if (network.gateway !== 'missed') return false;",
    replace: 'return false;',
  },
  {
    name: 'a report is as new as its arrival',
    file: 'src/watch/probes/report.ts',
    find: 'if (question !== undefined) return this.#asked.get(question);',
    replace:
      'if (question !== undefined) return { receivedAt: this.#clock.wallTime().toISOString(), received: bootMomentNow(this.#clock) };',
  },
  {
    name: 'an operation without a lock',
    file: 'src/steps/host-lock.ts',
    find: "if (!('heldBy' in lock)) return lock;",
    replace: 'return { release: async () => {} };',
  },
  {
    name: 'a fence command that fails counts as off',
    file: 'src/fence/fence-command.ts',
    find: "throw new SpareError('refused', 'FENCE_FAILED'",
    replace: "if (host === '') throw new SpareError('refused', 'FENCE_FAILED'",
  },
  {
    name: 'the bitmap of the local leg is not merged',
    file: 'src/mirror/primary-legs.ts',
    find: '    await setBits(context, status.kernelName, bitmap.dirty);\n',
    replace: '',
  },
  {
    name: 'lost writes are not marked for resync',
    file: 'src/operations/resync-lost-writes.ts',
    find: 'if (leg) await setBits(',
    replace: 'if (leg && false) await setBits(',
  },
  {
    name: 'the LUN is served while the standby uses its leg',
    file: 'src/operations/failback/serve-lun.ts',
    find: '      await refuseLossSinceGone(context);\n      await assertLegIsFree(context);\n',
    replace: '      await refuseLossSinceGone(context);\n',
  },
  {
    name: 'a comparison that was cut short counts',
    file: 'src/mirror/resync.ts',
    find: 'if (!inSync(end) || !isUndisturbed(before, after)) throw cutShort(context);',
    replace: '',
  },
  {
    name: 'a failback does not look whether the primary is passive',
    file: 'src/operations/failback/passive-primary.ts',
    find: 'if (isPassive(status)) return;',
    replace: 'return;',
  },
];
