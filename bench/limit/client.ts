/**
 * Keeps `depth` messages under way to the server beside it, and counts the answers.
 *
 *     node bench/limit/client.ts '<LimitOptions as JSON>'      prints operations a second
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { monotonic_ms } from '../../src/std/clock.ts';
import { HEADER_BYTES, KIND, type LimitOptions } from './message.ts';

const RECEIVE_BUFFER_BYTES = 256 * 1024;

async function run({ port, size_bytes, operation_bytes, depth, kind, seconds }: LimitOptions): Promise<number> {
  const places = Math.floor(size_bytes / operation_bytes);
  const data = kind === 'write' ? Buffer.alloc(operation_bytes, 'spare limit') : null;
  const response_bytes = HEADER_BYTES + (kind === 'read' ? operation_bytes : 0);
  const requests = Array.from({ length: depth }, () => Buffer.alloc(HEADER_BYTES));
  let received_bytes = 0;
  let operations = 0;
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const onread = {
    buffer: Buffer.allocUnsafe(RECEIVE_BUFFER_BYTES),
    callback: (count: number) => {
      received_bytes += count;
      socket.cork();
      for (; received_bytes >= response_bytes; received_bytes -= response_bytes) {
        operations++;
        if (monotonic_ms() >= end_ms) finish();
        else send(operations % depth);
      }
      socket.uncork();
      return true;
    },
  };
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread });
  const send = (index: number) => {
    const request = requests[index] as Buffer;
    request[0] = KIND[kind];
    request.writeUInt32BE(operation_bytes, 4);
    request.writeUIntBE(Math.floor(Math.random() * places) * operation_bytes, 8, 6);
    socket.write(request);
    if (data !== null) socket.write(data);
  };
  await once(socket, 'connect');
  const start_ms = monotonic_ms();
  const end_ms = start_ms + seconds * 1000;
  socket.cork();
  for (let index = 0; index < depth; index++) send(index);
  socket.uncork();
  await finished;
  const elapsed_s = (monotonic_ms() - start_ms) / 1000;
  socket.destroy();
  return operations / elapsed_s;
}

console.log(await run(JSON.parse(process.argv[2] ?? '{}') as LimitOptions));
