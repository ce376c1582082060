import { Socket } from 'node:net';

/**
 * Reads a socket into memory that is used again for each read, instead of 64 KiB of new memory each time: `received` gets what came, valid until
 * it returns. All sockets of a process may share the memory, as nothing is read between a read and its call.
 *
 * Node offers that (`onread`) to sockets that one makes oneself only, so the handle of an accepted one is moved into such a socket. The handle is
 * not a documented property: where there is none, the socket is read as usual.
 * @returns The socket to be used from now on.
 */
export function readSocket(accepted: Socket, memory: Buffer, received: (chunk: Buffer) => void): Socket {
  const inside = accepted as unknown as { _handle?: object | null };
  const handle = inside._handle;
  if (!handle) {
    accepted.on('data', received);
    return accepted;
  }
  const callback = (count: number): boolean => {
    received(memory.subarray(0, count));
    return true;
  };
  inside._handle = null;
  const options = { handle, readable: true, writable: true, onread: { buffer: memory, callback } };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  // Whoever counts connections sees the accepted one end with it.
  socket.once('close', () => accepted.destroy());
  // Its end is told to those only who take what there is to read.
  socket.resume();
  return socket;
}
