/**
 * A buyer's agent: `npx tsx sdk/examples/scout.ts ["what you need"]`. It registers at AURA_URL (http://127.0.0.1:8080),
 * states a need, follows the session, commits to the best offer, and waits until the deal has cleared and is delivered.
 */
import { Scout, type RankedOffer, type Transaction } from '..';

const baseUrl = process.env.AURA_URL ?? 'http://127.0.0.1:8080';
const [need = 'I need wireless over-ear headphones for my commute, at most 350 dollars'] =
  process.argv.slice(2);
const OFFERS_WITHIN_SECONDS = 10;
const CLEARED_WITHIN_MS = 120_000;

const say = (line: string) => console.log(line);

async function main(): Promise<void> {
  const { scout } = await Scout.registerVersion1(
    { baseUrl },
    {
      agent_name: 'Example scout',
      payment_capabilities: { supported_methods: [{ type: 'bank_transfer', networks: ['rtp', 'fednow'] }] },
    },
  );
  say(`${scout.agentId} needs: ${need}`);
  const { session_id: sessionId } = await scout.openSession({
    intent: need,
    offerTimeoutSeconds: OFFERS_WITHIN_SECONDS,
  });
  await follow(scout, sessionId);

  const offers = await scout.waitForOffers(sessionId);
  for (const offer of offers) say(line(offer));
  const [best] = offers;
  if (!best) throw new Error('nobody offers anything');

  const { transaction_id: id } = await scout.commit(sessionId, {
    offerId: best.offer_id,
    rail: 'bank_transfer',
    buyer: { name: 'Jane Doe', email: 'jane.doe@example.com' },
    shippingAddress: {
      line1: '123 Main Street',
      city: 'San Francisco',
      state: 'CA',
      postal_code: '94102',
      country: 'US',
    },
  });
  say(`committed to ${best.product.name}: ${id}`);
  const done = await scout.waitFor(id, isOver, {
    timeoutMs: CLEARED_WITHIN_MS,
    onChange: ({ status, clearing_status }) => say(`  ${status}, ${clearing_status ?? 'not clearing yet'}`),
  });
  if (done.clearing_status !== 'cleared')
    throw new Error(done.failure?.message ?? `the deal is ${done.status}`);
  say(`cleared and delivered: ${done.amounts.total} ${done.amounts.currency} over ${done.payment.rail}`);
}

/** Prints what happens until the offers are ranked. */
async function follow(scout: Scout, sessionId: string): Promise<void> {
  for await (const message of scout.watch(sessionId)) {
    if (message.event === 'offer_received') {
      say(
        `  offered: ${message.preview.product_name} for ${message.preview.price} ${message.preview.currency}`,
      );
    }
    if (message.event === 'status_changed') say(`  ${message.status}`);
    if (message.event === 'offers_ready') return;
    if (message.event === 'status_changed' && message.status === 'offers_available') return;
  }
}

function line({ rank, product, pricing, merchant, match_explanation }: RankedOffer): string {
  return `${rank}. ${product.name}, ${pricing.offer_price} ${pricing.currency}, ${merchant.name}: ${match_explanation.summary}`;
}

function isOver({ status, clearing_status }: Transaction): boolean {
  if (status === 'failed' || status === 'cancelled') return true;
  return clearing_status === 'cleared' && (status === 'fulfilled' || status === 'completed');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
