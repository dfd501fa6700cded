/** Copies of a deal, as the bench of growth stores them by the million: the audit takes them for deals. */
import { copyDeals } from '../../bench/growth/copies';
import { commit, complete, handOver, openSession, rankedOffer, settle } from '../../bench/growth/hand';
import { signProofs } from '../../bench/growth/resign';
import { makeTemplate } from '../../bench/growth/template';
import { audit } from '../../store/audit';
import { rows } from '../../store/db';
import { describeWithDatabase } from '../support/database';
import { aBeacon, aMandate, anAccount, aScout, fund, usd } from '../support/factories';

const COPIES = 25;

describeWithDatabase('stored deals', (database) => {
  it('keep every law of the audit, and further deals are made among them', async () => {
    const { db } = database();
    const hand = await handOver(db);
    const beacon = await aBeacon(db, { trust: 'L3', categories: ['electronics'] });
    const scout = await aScout(db, { trust: 'L3' });
    for (const { principal } of [beacon, scout]) await fund(db, principal, usd('1000.00'));
    const { id: sellerAccount } = await anAccount(db, { principal: beacon.principal });
    const buyer = { scout, mandateId: await aMandate(db, { principal: scout.principal }) };
    const at = await makeTemplate(hand, { buyer, beacon });
    const [mandate] = await rows<{ account: string }>(
      db,
      'SELECT account_id AS account FROM mandates WHERE id = ?',
      [buyer.mandateId],
    );
    await copyDeals(db, {
      count: COPIES,
      at,
      buyers: [
        {
          buyerPrincipal: scout.principal.id,
          scout: scout.id,
          mandate: buyer.mandateId,
          mandateAccount: mandate?.account ?? '',
        },
      ],
      sellers: [
        { sellerPrincipal: beacon.principal.id, beacon: beacon.id, beaconKey: beacon.keyId, sellerAccount },
      ],
      say: () => undefined,
    });
    await signProofs(db, hand.railSigner);

    const sessionId = await openSession(hand, buyer);
    const deal = await commit(hand, buyer, sessionId, await rankedOffer(hand, sessionId, [beacon]));
    await settle(hand, deal);
    await complete(hand, deal.transactionId, beacon);

    const { laws } = await audit(db);
    expect(laws.filter(({ violations }) => violations > 0)).toEqual([]);
    const [record] = await rows<{ fulfilled: string }>(
      db,
      'SELECT fulfilled FROM deal_records WHERE principal_id = ?',
      [beacon.principal.id],
    );
    // The template, its copies and the one made after them.
    expect(record?.fulfilled).toBe(String(COPIES + 2));
  });
});
