/**
 * Our target over a store that keeps nothing: what a client reaches against it is what the client can do at most, however fast a store is.
 *
 *     node bench/limit/dropping-target.ts SIZE_BYTES      prints its port and serves DROPPING_IQN until it is ended
 */
import { ConnectionSet } from '../../src/iscsi/connection-set.ts';
import { Portal } from '../../src/iscsi/portal.ts';
import { Target } from '../../src/iscsi/target.ts';
import { LogicalUnit } from '../../src/scsi/logical-unit.ts';
import { TargetDevice } from '../../src/scsi/target-device.ts';
import type { Extent, Store, StoreCallback } from '../../src/store/store.ts';
import { DROPPING_IQN } from './message.ts';

class DroppingStore implements Store {
  readonly readOnly = false;
  readonly thin = false;
  readonly size_bytes: number;

  constructor(size_bytes: number) {
    this.size_bytes = size_bytes;
  }

  read(_target: Buffer, _offset_bytes: number, done: StoreCallback): void {
    done(null);
  }

  write(_sources: readonly Buffer[], _offset_bytes: number, done: StoreCallback): void {
    done(null);
  }

  flush(done: StoreCallback): void {
    done(null);
  }

  unmap(_offset_bytes: number, _length_bytes: number, done: StoreCallback): void {
    done(null);
  }

  extentAt(offset_bytes: number, done: (error: null, extent: Extent) => void): void {
    done(null, { offset_bytes, length_bytes: this.size_bytes - offset_bytes, allocated: true });
  }

  close(done: StoreCallback): void {
    done(null);
  }
}

const unit = new LogicalUnit({ store: new DroppingStore(Number(process.argv[2])), identity: DROPPING_IQN });
const deviceServer = new TargetDevice([{ lun: 1, unit }]);
const target = new Target({ name: DROPPING_IQN, luns: [1], deviceServer, fenced: false });
const connections = new ConnectionSet({
  directory: {
    authenticationRequired: false,
    find: (name) => (name === DROPPING_IQN ? target : undefined),
    visibleTo: () => target,
  },
  pingInterval_ms: undefined,
  report: () => {},
});
const portal = new Portal({ address: '127.0.0.1', port: 0, accept: (socket) => connections.adopt(socket) });
console.log((await portal.listen()).split(':')[1]);
