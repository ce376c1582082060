import type { CommandResult } from '../edge/edge-world.ts';
import type { LoginAnswer } from './initiator.ts';
import { BLOCKS, CHUNK_bytes, type Side } from './leg.ts';
import { DONE, failed, printed } from './machine.ts';
import { OUT_OF_REACH_s, type PrimaryMachine } from './primary-machine.ts';

type Answer = CommandResult | undefined | Promise<CommandResult>;
type Command = (primary: PrimaryMachine, args: readonly string[], input: string) => Answer;

/** The programs of templates/machine. Each answers `undefined` while it waits. */
const PROGRAMS: Readonly<Record<string, Command>> = {
  'mirror-status': (primary) => printed(mirrorStatus(primary)),
  'write-file': (primary, [path = ''], input) => {
    primary.files.set(path, input);
    return DONE;
  },
  'read-file': (primary, [path = '']) => {
    const content = primary.files.get(path);
    return content === undefined ? failed('', 44) : printed(content);
  },
  'remove-file': (primary, [path = '']) => {
    primary.files.delete(path);
    return DONE;
  },
  'read-directly': (primary, [path = '', block = '', skip = '', count = '']) => {
    const side = primary.sideOf(path);
    if (side === 'standby' && !primary.initiator.path.isReachable()) return undefined;
    const start = Number(block) * Number(skip) - 4096;
    const end = start + Number(block) * Number(count);
    return printed(primary.legOf(side).head(end).subarray(start, end).toString('base64'));
  },
  'set-bits': (primary, _args, input) => {
    if (!primary.parts.array) return failed('no such array');
    primary.parts.array.setBits(input.split(/\s+/).flatMap(blocksOf));
    return DONE;
  },
  'drop-leg': (primary, [, name = '']) => {
    const { array } = primary.parts;
    const side: Side = name === 'vdb' ? 'local' : 'standby';
    if (!array?.members.has(side)) return failed('no such leg');
    array.drop(side);
    if (!array.isIdle()) return failed('busy');
    array.remove(side);
    return DONE;
  },
  'disk-statistics': () => printed('0 0 0 0 0 0 0 0'),
  'wait-for-device': (primary, [path = '']) =>
    primary.sideOf(path) === 'local' || primary.initiator.path.isReachable() ? DONE : undefined,
  'set-leg-state': () => DONE,
  'set-recovery-timeout': (primary, [, , seconds = '']) => {
    if (primary.initiator.state !== 'LOGGED_IN') return failed('the session with the standby is down');
    // Where writes wait without limit, a shorter time is left to the report program.
    if (primary.initiator.recoveryTimeout_s !== OUT_OF_REACH_s) primary.initiator.recoveryTimeout_s = Number(seconds);
    return DONE;
  },
  check: (primary) => {
    if (!primary.parts.array) return failed('no such array');
    primary.parts.array.check();
    return DONE;
  },
};

function blocksOf(word: string): number[] {
  if (word === '') return [];
  const [first = 0, last = first] = word.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Runs a command line of the program on a primary. */
export function primaryCommand(primary: PrimaryMachine, argv: readonly string[], input: string): Answer {
  const [file = '', ...args] = argv;
  if (file === 'sh' && args[0] === '-c') {
    const program = PROGRAMS[args[2] ?? ''];
    if (!program) throw new Error(`The simulated primary knows no program '${args[2]}'`);
    return program(primary, args.slice(3), input);
  }
  if (file === 'cat') {
    const content = primary.files.get(args[0] ?? '');
    return content === undefined ? failed('No such file or directory') : printed(content);
  }
  if (file.endsWith('/service')) return primary.parts.serviceVerb(args[0] ?? '', primary.now_ms);
  if (file === 'iscsiadm') return iscsiadm(primary, args);
  if (file === 'mdadm') return mdadm(primary, args);
  throw new Error(`The simulated primary has no command '${argv.join(' ')}'`);
}

function iscsiadm(primary: PrimaryMachine, args: readonly string[]): Answer {
  const { initiator } = primary;
  if (args.includes('--logout')) {
    return new Promise((resolve) => {
      initiator.logout((wasThere) => resolve(wasThere ? DONE : failed('No matching sessions', 21)));
    });
  }
  return args.includes('--login')
    ? new Promise((resolve) => initiator.login((answer) => resolve(loginResult(answer))))
    : DONE;
}

function loginResult(answer: LoginAnswer | 'exists'): CommandResult {
  if (answer === 'accepted') return DONE;
  if (answer === 'exists') return failed('session exists', 15);
  return answer === 'fenced' ? failed('login rejected (02/04)', 19) : failed('timed out', 8);
}

function mdadm(primary: PrimaryMachine, args: readonly string[]): Answer {
  const { parts } = primary;
  if (args[0] === '--assemble') {
    const sides = args.filter((arg) => arg.startsWith('/dev/disk/')).map((path) => primary.sideOf(path));
    return primary.assemble(sides) ? DONE : failed('not enough to start the array');
  }
  if (args[0] === '--stop') return parts.stopArray();
  if (args[0] === '--zero-superblock') {
    primary.legOf(primary.sideOf(args[1] ?? '')).superblock = undefined;
    return DONE;
  }
  if (args[0] === '--readwrite') return DONE;
  const { array } = parts;
  if (!array) return failed('no such array');
  return manage(primary, args);
}

function manage(primary: PrimaryMachine, args: readonly string[]): Answer {
  const { array } = primary.parts;
  const path = args.at(-1) ?? '';
  const side = path === 'failed' || path === 'detached' ? 'standby' : primary.sideOf(path);
  if (!array) return failed('no such array');
  if (args[1] === '--fail') array.drop(side);
  else if (args[1] === '--remove') {
    if (!array.isIdle()) return failed('device busy');
    array.remove(side);
  } else {
    if (side === 'standby' && !primary.initiator.path.isReachable()) return failed('cannot open');
    const leg = primary.pathOf(side);
    if (args[1] === '--re-add') return array.reAdd(leg, primary.uuid) ? DONE : failed('not possible');
    if (array.members.has(side)) return failed('device busy');
    array.add(leg);
  }
  return DONE;
}

function mirrorStatus({ parts: { array } }: PrimaryMachine): string {
  if (!array) return '';
  const { syncAction, syncDone, syncTotal, mismatches } = array;
  const sectors = (blocks: number) => (blocks * CHUNK_bytes) / 512;
  return [
    'kernelName=md127',
    'local=vdb',
    `bitmap/chunksize=${CHUNK_bytes}`,
    `array_state=${array.readonly ? 'read-auto' : 'clean'}`,
    `sync_action=${syncAction}`,
    `sync_completed=${syncAction === 'idle' ? 'none' : `${sectors(syncDone)} / ${sectors(syncTotal || BLOCKS)}`}`,
    `mismatch_cnt=${mismatches}`,
    ...[...array.members.values()].map(({ path, state }) => `leg=${path.name} ${stateText(path.leg.side, state)}`),
    '',
  ].join('\n');
}

export function stateText(side: Side, state: string): string {
  return side === 'standby' ? `${state},write_mostly` : state;
}
