/** The peer broke the protocol in a way that ends its connection. The message is for the log; nothing of it goes to the peer. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
