/** Many deals at once, each with a buyer of its own. */
import { quote } from '../../domain/market/offer';
import { formatMoney } from '../../domain/money';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { RailName } from '../../domain/settlement';
import { keyPairFrom, Operator, type HttpOptions, type RankedOffer } from '../../sdk';
import type { Environment } from '../environment';
import type { Payer } from '../purse';
import { createBuyer, createIssuers, createMerchants, openShops, type Issuers, type Merchant } from './cast';
import type { Say } from './print';
import type { StoryResult } from './story';

/** So many deals are under way at once; the rest wait their turn. */
const AT_ONCE = 25;
const CEILING = '20000.00';

export async function runCrowd(options: {
  environment: Environment;
  intent: string;
  deals: number;
  say: Say;
}): Promise<StoryResult> {
  const { environment, intent, deals, say } = options;
  const { platform } = environment;
  const http: HttpOptions = { baseUrl: platform.apiUrl };
  const shops = new AbortController();
  const result = { cleared: 0, completed: 0, breaks: 0 };
  try {
    const issuers = await createIssuers(environment.databaseUrl);
    const merchants = await createMerchants(platform, http, issuers);
    openShops(merchants, shops.signal, (error) => say(`a merchant: ${String(error)}`));
    let next = 0;
    const worker = async () => {
      while (next < deals) {
        const number = ++next;
        const outcome = await oneDeal(environment, http, issuers, merchants, intent, number).catch(
          (error: unknown) => {
            say(`deal ${number}: ${error instanceof Error ? error.message : String(error)}`);
            return { cleared: false, completed: false };
          },
        );
        if (outcome.cleared) result.cleared++;
        if (outcome.completed) result.completed++;
        say(
          `deal ${number} of ${deals}: ${outcome.completed ? 'completed' : 'not completed'} (${result.completed} so far)`,
        );
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, deals) }, worker));
    const { operator: identity } = platform;
    const operator = new Operator(http, identity.agentId, keyPairFrom(identity.secretKey));
    for (const rail of platform.rails) result.breaks += (await operator.reconcile(rail)).open_breaks;
    return result;
  } finally {
    shops.abort();
  }
}

async function oneDeal(
  { platform }: Environment,
  http: HttpOptions,
  issuers: Issuers,
  merchants: readonly Merchant[],
  intent: string,
  number: number,
) {
  const rail = platform.rails[number % platform.rails.length] ?? 'rtp';
  const buyer = await createBuyer(platform, http, issuers, {
    name: `Buyer ${number}`,
    rails: [rail],
    number,
  });
  const session = await buyer.scout.openSession({ intent, offerTimeoutSeconds: 30 });
  const [best] = await buyer.scout.rankedOffers(session.session_id);
  const payer = buyer.payers.get(rail);
  if (!best || !payer) throw new Error('no offer was ranked');
  const deal = await buyer.scout.commit(session.session_id, {
    offerId: best.offer_id,
    rail,
    mandateId: await mandateFor(rail, payer, best),
    buyer: { name: `Buyer ${number}` },
  });
  await buyer.scout.waitFor(deal.transaction_id, ({ clearing_status }) => clearing_status === 'cleared');
  const merchant = merchants.find(({ beacon }) => beacon.agentId === best.beacon_id);
  if (!merchant) throw new Error('an unknown seller');
  await merchant.beacon.reportDelivery(deal.transaction_id);
  const paid = await merchant.beacon.waitFor(
    deal.transaction_id,
    ({ payout }) => payout?.status === 'proved',
  );
  return { cleared: true, completed: paid.status === 'completed' };
}

/** Up to a ceiling; on a chain the payer signs exactly what one piece of the offer comes to. */
export function mandateFor(rail: RailName, payer: Payer, offer: RankedOffer): Promise<string> {
  if (RAIL_TERMS[rail].accountForm !== 'wallet') return payer.mandate(CEILING);
  const quoted = quote(offer, 1);
  if ('problem' in quoted) throw new Error(quoted.problem.reason);
  return payer.mandate(formatMoney({ amountMinor: quoted.amounts.totalMinor, asset: 'USD' }));
}
