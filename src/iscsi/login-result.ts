import type { Parameters } from './negotiation.ts';
import type { Target } from './target.ts';

export type SessionType = 'normal' | 'discovery';

/** Who has logged in, to what, and on which terms. */
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
