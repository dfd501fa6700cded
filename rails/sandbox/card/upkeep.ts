/** What time alone changes: authorisations and challenges run out, deadlines pass, issuers make up their minds. */
import { abandonChallenge } from './agreements';
import { decidePending, expireAuthorization } from './authorizations';
import { lapseChargeback } from './chargebacks';
import type { Processor } from './processor';
import { decidePendingRefund } from './refunds';

/** Brings everything that is open up to now. */
export function sweep(processor: Processor): void {
  for (const id of [...processor.state.open]) {
    const { agreements, authorizations, chargebacks } = processor.state;
    const agreement = agreements.get(id);
    if (agreement) abandonChallenge(processor, agreement);
    const authorization = authorizations.get(id);
    if (authorization) age(processor, authorization.id);
    const chargeback = chargebacks.get(id);
    if (chargeback) lapseChargeback(processor, chargeback);
  }
}

function age(processor: Processor, id: string): void {
  const waiting = processor.state.authorizations.get(id);
  if (waiting?.status === 'requires_action') abandonChallenge(processor, waiting);
  const still = processor.state.authorizations.get(id);
  if (still && processor.state.open.has(id)) expireAuthorization(processor, still);
}

/** Who asks about something that is pending gets it decided. */
export function settleOpen(processor: Processor, id: string): void {
  decidePending(processor, id);
  decidePendingRefund(processor, id);
}
