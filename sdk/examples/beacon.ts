/**
 * A seller's agent: `npx tsx sdk/examples/beacon.ts --poll`, or `--webhook` to be told instead of asking. It registers at
 * AURA_URL (http://127.0.0.1:8080), offers headphones to whoever looks for some, and delivers what was paid. Ctrl-C ends it.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Beacon, createAuraKeys, webhookHandler, type OfferDocument, type OfferRequest } from '..';

const baseUrl = process.env.AURA_URL ?? 'http://127.0.0.1:8080';
const CATALOGUE = [
  { id: 'wh-1', name: 'Quiet One over-ear headphones', listPrice: '379.00', floorPrice: '329.00' },
  { id: 'wh-2', name: 'Quiet One Studio headphones', listPrice: '299.00', floorPrice: '279.00' },
];
const OFFER_VALID_MS = 15 * 60_000;

const say = (line: string) => console.log(line);
const complain = (error: unknown) => console.error(error instanceof Error ? error.message : error);

async function main(): Promise<void> {
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());

  const { beacon } = await Beacon.registerVersion1(
    { baseUrl, signal: stopped.signal },
    {
      agent_name: 'Example beacon',
      merchant_name: 'Quiet Audio',
      merchant_domain: 'quiet-audio.example.com',
      categories: ['electronics.headphones'],
      payment_capabilities: { accepted_methods: [{ type: 'bank_transfer', networks: ['rtp', 'fednow'] }] },
    },
  );
  if (process.argv.includes('--webhook')) await sellByWebhook(beacon, stopped.signal);
  else await sellByPolling(beacon, stopped.signal);
}

async function sellByPolling(beacon: Beacon, signal: AbortSignal): Promise<void> {
  say(`${beacon.agentId} asks for requests`);
  await Promise.all([beacon.serve(decide, signal, { onError: complain }), deliverWhatIsPaid(beacon, signal)]);
}

async function deliverWhatIsPaid(beacon: Beacon, signal: AbortSignal): Promise<void> {
  for await (const event of beacon.events({ types: ['transaction.settled'], signal })) {
    await deliver(beacon, String(event.payload.transaction_id));
  }
}

async function sellByWebhook(beacon: Beacon, signal: AbortSignal): Promise<void> {
  const server = createServer(
    webhookHandler({
      aura: createAuraKeys({ baseUrl }),
      onOfferRequest: async (request) => beacon.submitOffers(request.session_id, decide(request)),
      onOrderConfirmation(order) {
        say(`order of ${order.quantity} confirmed`);
        return { confirmed: true, merchant_order_id: `order-${order.transaction_id.slice(-8)}` };
      },
      async onEvent(event) {
        if (event.event_type !== 'transaction_confirmed') return;
        await deliver(beacon, String(event.payload.transaction_id));
      },
      onError: complain,
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/aura`;
  await beacon.setEndpoints({ webhook_url: url });
  say(`${beacon.agentId} is told at ${url}`);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  server.close();
  server.closeAllConnections();
}

async function deliver(beacon: Beacon, transactionId: string): Promise<void> {
  await beacon.reportDelivery(transactionId, { tracking_number: 'QA-1001' });
  say(`${transactionId} delivered`);
}

/** As little below the list price as the buyer's limit asks for, but never below the floor. */
function decide({ interpreted_request }: OfferRequest): OfferDocument[] {
  const { hard_constraints: hard } = interpreted_request.structured_requirements;
  const limit = typeof hard.price_max === 'string' ? cents(hard.price_max) : undefined;
  const offers = CATALOGUE.flatMap(({ id, name, listPrice, floorPrice }) => {
    if (limit !== undefined && limit < cents(floorPrice)) return [];
    const price = limit !== undefined && limit < cents(listPrice) ? floorPrice : listPrice;
    return [offerOf({ id, name, price, listPrice })];
  });
  say(`asked, and offering ${offers.length}`);
  return offers;
}

interface Priced {
  id: string;
  name: string;
  price: string;
  listPrice: string;
}

function offerOf({ id, name, price, listPrice }: Priced): OfferDocument {
  return {
    product: {
      product_id: id,
      name,
      category: 'electronics.headphones.over_ear',
      structured_attributes: {
        brand: 'Quiet',
        features: ['wireless', 'noise_cancellation'],
        condition: 'new',
      },
    },
    pricing: { currency: 'USD', offer_price: price, list_price: listPrice },
    availability: {
      in_stock: true,
      quantity_available: 20,
      shipping_options: [{ method: 'standard', price: '0.00', days_min: 2, days_max: 4 }],
    },
    valid_until: new Date(Date.now() + OFFER_VALID_MS).toISOString(),
  };
}

/** Money is counted in whole cents, never as a fraction. */
function cents(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(2, '0').slice(0, 2));
}

main().catch((error: unknown) => {
  complain(error);
  process.exitCode = 1;
});
