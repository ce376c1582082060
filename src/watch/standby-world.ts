import { statSync } from 'node:fs';
import { configurationPath, readConfiguration } from '../config/configuration.ts';
import type { HostConfiguration, StandbyConfiguration } from '../config/schema.ts';
import { fenceStatus } from '../fence/fence-command.ts';
import { readHostRecord } from '../hosts/host-records.ts';
import { enter, readState } from '../hosts/host-state.ts';
import { appendToJournal } from '../hosts/journal.ts';
import { updateEvidence } from '../hosts/volume-evidence.ts';
import { execLines } from '../machine/exec.ts';
import { LocalMachine } from '../machine/local-machine.ts';
import { DEFAULT_ROUTE_ARGV, parseDefaultGateway } from '../machine/route.ts';
import { SshMachine } from '../machine/ssh-machine.ts';
import { remirror } from '../mirror/primary-legs.ts';
import { planFailback } from '../operations/failback/failback.ts';
import { planAbort } from '../operations/failover/abort.ts';
import { failover } from '../operations/failover/failover.ts';
import { planRestore } from '../operations/restore.ts';
import { resyncLostWrites } from '../operations/resync-lost-writes.ts';
import { standbyKeeper } from '../ownership/standby-keeper.ts';
import { readNfsFile } from '../service/nfs/nfs-file.ts';
import { serviceAddress } from '../service/observe-service.ts';
import { lackedByTakeover, service } from '../service/service.ts';
import type { Clock } from '../std/clock.ts';
import { type EventLog, eventOf, type SpareEvent } from '../std/event.ts';
import { isKept } from '../std/event-table.ts';
import { isHostLocked, lockHost } from '../steps/host-lock.ts';
import { volumeContext } from '../steps/operation-context.ts';
import { type RunOptions, runOperation } from '../steps/runner.ts';
import { requestStatus } from '../target/client/control-client.ts';
import type { HostProbers } from './host-monitor.ts';
import type { KnownOwners } from './known-owners.ts';
import { OwnersOfHosts } from './owners-of-hosts.ts';
import { IcmpProber, pingArgv } from './probes/icmp.ts';
import { NetworkProber } from './probes/network.ts';
import { ReportProber } from './probes/report.ts';
import { ServiceProber } from './probes/service.ts';
import { IscsiProber, TargetPoller } from './probes/target.ts';
import { reportArgv } from './report.ts';
import { contactOf, lostWritesOf } from './target-contact.ts';
import type { WatchWorld } from './watch.ts';
import { writeWatchSnapshot } from './watch-file.ts';

/** A busy target may be slow: its answers carry their time. */
const TARGET_TIMEOUT_ms = 3000;
/** It probes once a second, so a slower answer counts as none. */
const ANSWER_TIMEOUT_ms = 1000;
const READY_TIMEOUT_ms = 20_000;
/** An operation of the same host waits for it. */
const PREPARE_TIMEOUT_ms = 60_000;

/** The watch's world on a real standby. When `signal` ends, its probes end, and its operations after the current step. */
export async function standbyWorld(log: EventLog, signal: AbortSignal, clock: Clock): Promise<WatchWorld> {
  const { standby } = readConfiguration();
  const machine = new LocalMachine('standby');
  const target = new TargetPoller(() => requestStatus({ timeout_ms: TARGET_TIMEOUT_ms, clock, signal }), clock);
  const network = new NetworkProber(standby.networkInterface, await gatewayProber(machine, clock), clock);
  const configuration = whenChanged(configurationPath(), readConfiguration);
  const watched: Record<string, HostConfiguration> = {};
  const owners = new OwnersOfHosts(
    standbyKeeper(() => watched, clock),
    log,
  );
  const runOptions = (host: string): RunOptions => ({
    signal,
    clock,
    onEvent(event) {
      if (event.type === 'journal-unwritten')
        log(eventOf('journal-unwritten', { host, facts: { error: event.error.message } }));
    },
  });
  void target.run(signal);
  void network.run(signal);
  return {
    clock,
    log: (event) => {
      log(event);
      keep(event, log, clock);
    },
    configuration,
    network: () => network.look(),
    probers(host) {
      watched[host.name] = host;
      return probersOf({ host, standby, target, owners: owners.begin(host), clock });
    },
    ownership: (host, volume) => owners.of(host).record(volume),
    changeOwnership: (host, volume, epoch, cause) => owners.of(host).change(volume, epoch, cause),
    contact: (host, volume) => contactOf(target, host, volume, clock),
    isBusy: isHostLocked,
    lacks: (host) => lackedByTakeover(machine, host, READY_TIMEOUT_ms),
    prepare: (host) => underLock(host, 'prepare', clock, () => service(machine, 'prepare', host, PREPARE_TIMEOUT_ms)),
    publish: writeWatchSnapshot,
    record: readHostRecord,
    updateEvidence,
    enter: (host, from, event) =>
      underLock(host, 'watch', clock, async () => {
        // Between the observation and the lock, another operation may have run.
        const isAsSeen = (readState(host)?.state ?? null) === from;
        return isAsSeen ? enter(host, event, clock) : undefined;
      }),
    fenceStatus: (command, host) => fenceStatus(command, host, signal),
    async failover(host) {
      await failover(host, { allowDataLoss: false, confirmedOff: false }, runOptions(host));
    },
    async abort(host) {
      await runOperation(await planAbort(volumeContext(host, clock)), runOptions(host));
    },
    async failback(host) {
      const { operation } = await planFailback(volumeContext(host, clock), { verify: true });
      await runOperation(operation, runOptions(host));
    },
    async restore(host) {
      await runOperation(planRestore(volumeContext(host, clock)), runOptions(host));
    },
    async remirror(host) {
      await underLock(host, 'remirror', clock, () => remirror(volumeContext(host, clock)));
    },
    lostWrites: (host, volume) => lostWritesOf(target.volume(host, volume)),
    async resyncLostWrites(host) {
      await underLock(host, 'resync-lost-writes', clock, () => resyncLostWrites(volumeContext(host, clock)));
    },
  };
}

function keep(event: SpareEvent, log: EventLog, clock: Clock): void {
  if (event.host === undefined || !isKept(event.event)) return;
  const error = appendToJournal(event.host, event, clock);
  if (error) log(eventOf('journal-unwritten', { host: event.host, facts: { error: error.message } }));
}

/** Reads a file again only if it has been replaced: it is needed every second. */
function whenChanged<Content>(path: string, read: () => Content): () => Content {
  let known: { stamp: string; content: Content } | undefined;
  return () => {
    const { ino, mtimeMs } = statSync(path);
    const stamp = `${ino} ${mtimeMs}`;
    if (known?.stamp !== stamp) known = { stamp, content: read() };
    return known.content;
  };
}

async function gatewayProber(machine: LocalMachine, clock: Clock): Promise<IcmpProber | undefined> {
  const { stdout } = await machine.exec(DEFAULT_ROUTE_ARGV);
  const gateway = parseDefaultGateway(stdout);
  return gateway === undefined ? undefined : new IcmpProber((signal) => execLines(pingArgv(gateway), signal), clock);
}

interface ProberFacts {
  host: HostConfiguration;
  standby: StandbyConfiguration;
  target: TargetPoller;
  owners: KnownOwners;
  clock: Clock;
}

function probersOf({ host, standby, target, owners, clock }: ProberFacts): HostProbers {
  const machine = SshMachine.of(host, standby);
  return {
    iscsi: new IscsiProber(target, host.name),
    icmp: new IcmpProber((signal) => execLines(pingArgv(host.ssh.address), signal), clock),
    ssh: new ReportProber(
      (signal) => machine.converse(reportArgv(host.name), signal),
      () => owners.read(),
      clock,
    ),
    service: new ServiceProber(
      (signal) => readIdentities(host, signal),
      host.volumes.map(({ identity }) => identity).join('\n'),
      clock,
    ),
  };
}

/** The identity of each volume, a line each, as clients see them. */
async function readIdentities(host: HostConfiguration, signal: AbortSignal): Promise<Buffer> {
  const files = host.volumes.map(({ mountPoint }) =>
    readNfsFile({
      address: serviceAddress(host),
      path: `${mountPoint}/.spare/identity`,
      timeout_ms: ANSWER_TIMEOUT_ms,
      signal,
    }),
  );
  return Buffer.from((await Promise.all(files)).map((content) => content.toString('utf8').trim()).join('\n'));
}

/** Runs an action under the host's lock. */
async function underLock<Result>(
  host: string,
  operation: string,
  clock: Clock,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = await lockHost(host, operation, clock);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
