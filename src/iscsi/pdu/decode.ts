import type { Frame } from '../framer.ts';
import { type DataOut, decodeDataOut } from './data-out.ts';
import { decodeLoginRequest, type LoginRequest } from './login.ts';
import { decodeLogoutRequest, type LogoutRequest } from './logout.ts';
import { decodeNopOut, type NopOut } from './nop.ts';
import { OPCODE } from './opcode.ts';
import { decodeScsiCommand, type ScsiCommand } from './scsi-command.ts';
import { decodeTaskManagementRequest, type TaskManagementRequest } from './task-management.ts';
import { decodeTextRequest, type TextRequest } from './text.ts';

/** What an initiator may send. `unsupported`: SNACK, vendor-specific and reserved opcodes, and those that only targets send. */
export type IncomingPdu =
  | NopOut
  | ScsiCommand
  | TaskManagementRequest
  | LoginRequest
  | TextRequest
  | DataOut
  | LogoutRequest
  | { readonly kind: 'unsupported'; readonly snack: boolean };

const SNACK: IncomingPdu = { kind: 'unsupported', snack: true };
const UNSUPPORTED: IncomingPdu = { kind: 'unsupported', snack: false };

/** Never throws: any 48 bytes decode to numbers. The session judges their meaning. */
export function decode(frame: Frame): IncomingPdu {
  switch ((frame.header[0] as number) & 0x3f) {
    case OPCODE.scsiCommand:
      return decodeScsiCommand(frame);
    case OPCODE.dataOut:
      return decodeDataOut(frame);
    case OPCODE.nopOut:
      return decodeNopOut(frame);
    case OPCODE.taskManagementRequest:
      return decodeTaskManagementRequest(frame);
    case OPCODE.loginRequest:
      return decodeLoginRequest(frame);
    case OPCODE.textRequest:
      return decodeTextRequest(frame);
    case OPCODE.logoutRequest:
      return decodeLogoutRequest(frame);
    case OPCODE.snackRequest:
      return SNACK;
    default:
      return UNSUPPORTED;
  }
}
