import { LIMITS } from '../src/iscsi/limits.ts';
import { defaultParameters, negotiate } from '../src/iscsi/negotiation.ts';
import { LOGIN_STATUS } from '../src/iscsi/pdu/login.ts';
import { OPCODE } from '../src/iscsi/pdu/opcode.ts';
import { REJECT_REASON } from '../src/iscsi/pdu/reject.ts';
import { TASK_MANAGEMENT } from '../src/iscsi/pdu/task-management.ts';
import { commandsOf } from '../src/scsi/execution/command-table.ts';
import { vitalProductData } from '../src/scsi/inquiry.ts';
import { LogicalUnit } from '../src/scsi/logical-unit.ts';
import { MemoryStore } from '../src/store/memory-store.ts';

/** A thin, writable unit has every command and page. */
const unit = new LogicalUnit({ store: new MemoryStore({ size_bytes: 1 << 20 }), identity: 'documentation' });

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function hexadecimal(value: number): string {
  return `${value.toString(16).toUpperCase().padStart(2, '0')}h`;
}

/** Name, clause of RFC 7143, and what happens to it. */
const PDUS: Readonly<Record<keyof typeof OPCODE, Row>> = {
  nopOut: ['NOP-Out', '§11.18', 'answered with its data; an answer to a ping counts as a sign of life'],
  scsiCommand: ['SCSI Command', '§11.3', 'immediate and unsolicited data; CDBs of up to 16 bytes; LUN 1'],
  taskManagementRequest: ['Task Management Function Request', '§11.5', 'see below'],
  loginRequest: ['Login Request', '§11.12', 'security and operational stage; one connection per session'],
  textRequest: ['Text Request', '§11.10', 'SendTargets; a new MaxRecvDataSegmentLength; text in several parts'],
  dataOut: ['SCSI Data-Out', '§11.7', 'must be in order; otherwise its command fails (ABORTED COMMAND)'],
  logoutRequest: ['Logout Request', '§11.14', 'session or connection; removal for recovery is refused (reason 2)'],
  snackRequest: ['SNACK Request', '§11.16', 'refused with Reject: ErrorRecoveryLevel is 0'],
  nopIn: ['NOP-In', '§11.19', 'sent: answers, and pings of idle sessions'],
  scsiResponse: ['SCSI Response', '§11.4', 'sent: status, sense, residuals in both directions'],
  taskManagementResponse: ['Task Management Function Response', '§11.6', 'sent once the tasks have ended'],
  loginResponse: ['Login Response', '§11.13', 'sent; refusals with their status class and detail'],
  textResponse: ['Text Response', '§11.11', 'sent, in several parts if long'],
  dataIn: ['SCSI Data-In', '§11.7', 'sent; the last one carries the status (S bit) if there is no sense data'],
  logoutResponse: ['Logout Response', '§11.15', 'sent after the responses to outstanding commands'],
  r2t: ['R2T', '§11.8', `sent; up to ${LIMITS.outstandingR2t} at one time for one command`],
  asyncMessage: ['Asynchronous Message', '§11.9', 'sent at an orderly shutdown, see below'],
  reject: ['Reject', '§11.17', 'sent with the refused header'],
};

export function pduTable(): string {
  const rows = Object.entries(OPCODE).map(([kind, opcode]) => {
    const [name = '', clause = '', note = ''] = PDUS[kind as keyof typeof OPCODE];
    return [hexadecimal(opcode), name, clause, note];
  });
  return table(['opcode', 'PDU', 'RFC 7143', 'handling'], rows);
}

/** Key, clause of RFC 7143, and offers; the answers are those of the code. */
const KEYS: readonly (readonly [key: string, clause: string, offers: readonly string[]])[] = [
  ['HeaderDigest', '§13.1', ['CRC32C,None', 'None']],
  ['DataDigest', '§13.1', ['CRC32C,None', 'None']],
  ['MaxConnections', '§13.2', ['8']],
  ['InitialR2T', '§13.10', ['Yes', 'No']],
  ['ImmediateData', '§13.11', ['Yes', 'No']],
  ['MaxRecvDataSegmentLength', '§13.12', ['262144']],
  ['MaxBurstLength', '§13.13', ['16776192']],
  ['FirstBurstLength', '§13.14', ['16776192']],
  ['DefaultTime2Wait', '§13.15', ['2']],
  ['DefaultTime2Retain', '§13.16', ['20']],
  ['MaxOutstandingR2T', '§13.17', ['16']],
  ['DataPDUInOrder', '§13.18', ['No']],
  ['DataSequenceInOrder', '§13.19', ['No']],
  ['ErrorRecoveryLevel', '§13.20', ['2']],
  ['TaskReporting', '§13.23', ['FastAbort,RFC3720']],
  ['iSCSIProtocolLevel', '§13.24', ['2']],
  ['IFMarker', '§13.25', ['Yes']],
  ['OFMarker', '§13.25', ['Yes']],
  ['X-net.example.anything', '§13.22', ['1']],
];

export function keyTable(): string {
  const rows = KEYS.map(([key, clause, offers]) => {
    const answers = offers.map((offer) => {
      const [answer] = negotiate(new Map([[key, offer]]), defaultParameters(), 'normal');
      return `\`${offer}\` → ${answer === undefined ? 'noted' : `\`${answer[1]}\``}`;
    });
    return [`\`${key}\``, clause, answers.join(', ')];
  });
  return table(['key', 'RFC 7143', 'offer → answer'], rows);
}

const LOGIN_STATUSES: Readonly<Record<keyof typeof LOGIN_STATUS, Row>> = {
  success: ['Success', 'the login continues or is complete'],
  movedTemporarily: [
    'Target moved temporarily',
    'with a redirect, after authentication; `TargetAddress` holds the new address (§13.8)',
  ],
  initiatorError: ['Initiator error', 'an invalid stage or stage transition'],
  authenticationFailure: ['Authentication failure', 'CHAP failed, or was omitted although a secret is set'],
  targetNotFound: ['Not found', 'no such target (only without authentication)'],
  targetRemoved: ['Target removed', 'the host is taken over; sent after authentication'],
  unsupportedVersion: ['Unsupported version', 'Version-min is greater than 0'],
  missingParameter: ['Missing parameter', 'no InitiatorName, or no TargetName in a normal session'],
  sessionTypeNotSupported: ['Session type not supported', 'neither Normal nor Discovery'],
  sessionDoesNotExist: ['Session does not exist', 'the TSIH belongs to no session of this initiator port'],
  serviceUnavailable: ['Service unavailable', 'the disk is not open'],
  outOfResources: ['Out of resources', `more than ${LIMITS.sessionsPerTarget} sessions of one target`],
};

/** Never sent, and why. */
const OTHER_LOGIN_STATUSES: readonly Row[] = [
  ['0102h', 'Target moved permanently', 'not sent: libiscsi and QEMU do not follow it'],
  ['0202h', 'Authorization failure', 'not sent: an unauthorised name learns no more than one with a wrong secret'],
  [
    '0206h',
    'Too many connections',
    'not sent: a session has one connection, and another login with its TSIH replaces it',
  ],
  ['0208h', 'Cannot include in session', 'not sent, for the same reason'],
  ['020Bh', 'Invalid request type during login', 'not sent: the connection is dropped'],
  ['0300h', 'Target error', 'not sent: an internal error ends the connection'],
];

export function loginStatusTable(): string {
  const sent = Object.entries(LOGIN_STATUS).map(([name, status]): Row => {
    const digits = status.toString(16).toUpperCase().padStart(4, '0');
    return [`${digits}h`, ...LOGIN_STATUSES[name as keyof typeof LOGIN_STATUS]];
  });
  const rows = [...sent, ...OTHER_LOGIN_STATUSES].toSorted(([a = ''], [b = '']) => a.localeCompare(b));
  return table(['status', 'name', 'when'], rows);
}

const REJECT_REASONS: Readonly<Record<keyof typeof REJECT_REASON, string>> = {
  snack: 'a SNACK: ErrorRecoveryLevel is 0',
  protocolError: 'a SCSI command or a task management request in a discovery session',
  commandNotSupported: 'an opcode that is not in the table of PDUs',
  tooManyImmediateCommands: `more than ${LIMITS.immediateCommands} immediate commands at one time`,
  taskInProgress: 'an Initiator Task Tag that an outstanding command uses',
  invalidField: 'a SCSI command with the reserved Initiator Task Tag',
};

export function rejectReasonTable(): string {
  const rows = Object.entries(REJECT_REASON).map(([name, code]): [number, string] => [
    code,
    REJECT_REASONS[name as keyof typeof REJECT_REASON],
  ]);
  return table(
    ['reason', 'for'],
    rows.toSorted(([a], [b]) => a - b).map(([code, what]) => [hexadecimal(code), what]),
  );
}

const FUNCTIONS: Readonly<Record<keyof typeof TASK_MANAGEMENT, Row>> = {
  abortTask: ['ABORT TASK', 'supported; a command that has not arrived yet counts as received and never runs'],
  abortTaskSet: ['ABORT TASK SET', 'supported'],
  clearAca: ['CLEAR ACA', 'refused (response 5): an auto contingent allegiance never blocks anything'],
  clearTaskSet: ['CLEAR TASK SET', 'supported, for the tasks of all sessions'],
  logicalUnitReset: ['LOGICAL UNIT RESET', 'supported; a unit attention for every nexus'],
  targetWarmReset: ['TARGET WARM RESET', 'supported'],
  targetColdReset: ['TARGET COLD RESET', 'supported; then every session is dropped'],
  taskReassign: ['TASK REASSIGN', 'refused (response 4): ErrorRecoveryLevel is 0'],
};

export function taskManagementTable(): string {
  const rows = Object.entries(TASK_MANAGEMENT).map(([name, code]) => [
    String(code),
    ...FUNCTIONS[name as keyof typeof TASK_MANAGEMENT],
  ]);
  return table(['function', 'name', 'handling'], rows);
}

export function commandTable(): string {
  const serviceActions = new Map<string, number[]>();
  for (const { name, opcode, serviceAction } of commandsOf(unit)) {
    const key = `${hexadecimal(opcode)} ${name}`;
    serviceActions.set(key, [
      ...(serviceActions.get(key) ?? []),
      ...(serviceAction === undefined ? [] : [serviceAction]),
    ]);
  }
  const rows = [...serviceActions].map(([key, actions]) => {
    const [opcode = '', ...words] = key.split(' ');
    const command = words.join(' ');
    return [opcode, actions.map(hexadecimal).join(', '), command, standardOf(command)];
  });
  return table(['opcode', 'service actions', 'command', 'standard'], rows);
}

/** SPC-4 has the commands that every type of device may have, SPC-2 those that it has dropped. All others are in SBC-3. */
function standardOf(command: string): string {
  if (/^(RESERVE|RELEASE)\(/.test(command)) return 'SPC-2';
  const primary = /^(TEST UNIT|REQUEST SENSE|INQUIRY|MODE|PERSISTENT|REPORT)/.test(command);
  return primary ? 'SPC-4' : 'SBC-3';
}

const PAGE_NAMES: Readonly<Record<number, string>> = {
  0: 'Supported VPD pages',
  128: 'Unit serial number',
  131: 'Device identification: T10 vendor ID, NAA, relative target port, target port group',
  134: 'Extended INQUIRY data',
  176: 'Block limits',
  177: 'Block device characteristics',
  178: 'Logical block provisioning',
};

export function vitalProductDataTable(): string {
  const codes = vitalProductData(unit, 0)?.subarray(4) ?? [];
  return table(
    ['page', 'name', 'standard'],
    Array.from(codes, (code) => [hexadecimal(code), nameOf(PAGE_NAMES, code), code < 0xb0 ? 'SPC-4' : 'SBC-3']),
  );
}

const MODE_PAGE_NAMES: Readonly<Record<number, string>> = {
  1: 'Read-write error recovery',
  8: 'Caching',
  10: 'Control',
  28: 'Informational exceptions control',
};

export function modePageTable(): string {
  const changeable = unit.modePages.read(0x3f, 'changeable');
  const rows = unit.modePages.read(0x3f, 'default').map((values, index) => {
    const code = (values[0] ?? 0) & 0x3f;
    const bits = Array.from(changeable[index]?.subarray(2) ?? [], (mask, at) =>
      mask === 0 ? '' : `byte ${at + 2} mask ${hexadecimal(mask)}`,
    );
    const name = nameOf(MODE_PAGE_NAMES, code);
    return [hexadecimal(code), name, code < 0x0a ? 'SBC-3' : 'SPC-4', bits.filter(Boolean).join(', ') || 'nothing'];
  });
  return table(['page', 'name', 'standard', 'MODE SELECT may change'], rows);
}

function nameOf(names: Readonly<Record<number, string>>, code: number): string {
  const name = names[code];
  if (name === undefined) throw new Error(`Page ${hexadecimal(code)} has no name in the documentation`);
  return name;
}

export function limitTable(): string {
  const rows = Object.entries(LIMITS).map(([name, value]) => [`\`${name}\``, value.toLocaleString('en')]);
  return table(['limit', 'value'], rows);
}
