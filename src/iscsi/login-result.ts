import type { Parameters } from './negotiation.ts';
import type { Target } from './target.ts';

export type SessionType = 'normal' | 'discovery';

/** The initiator that logged in, its target, and the negotiated parameters. */
export interface LoginResult {
  type: SessionType;
  initiatorName: string;
  isid: string;
  tsih: number;
  cid: number;
  /** Always there in a normal session. */
  target: Target | undefined;
  parameters: Parameters;
}
