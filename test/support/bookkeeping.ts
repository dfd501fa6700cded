/** A small clearinghouse for the laws of the books: deals taken one event further at a time, by the real postings. */
import { newId } from '../../domain/ids';
import * as books from '../../domain/ledger/postings';
import type { DealPosting, Entry } from '../../domain/ledger/postings';
import { inTransaction, type Db } from '../../store/db';
import { balancesOf, postEntries } from '../../store/ledger';

const ASSET = 'USD';
const RAIL = 'rtp';

export type Stage = 'committed' | 'novated' | 'settled' | 'cleared' | 'released' | 'unwound';

export interface BookedDeal {
  terms: DealPosting;
  stage: Stage;
  /** Margin still held for the seller of this deal. */
  heldMinor: bigint;
  steps: number;
}

/** How far along its life, and by how much, a random event goes. Percentages apply to whatever is at hand. */
export interface Nudge {
  action:
    | 'advance'
    | 'unwind'
    | 'deposit'
    | 'step_margin'
    | 'pay_out'
    | 'reject_payout'
    | 'strange_receipt'
    | 'repeat';
  deal: number;
  percent: number;
}

const part = (whole: bigint, percent: number) => (whole * BigInt(percent)) / 100n;

export class Bookkeeping {
  readonly posted: Entry[] = [];

  constructor(
    private readonly db: Db,
    readonly deals: readonly BookedDeal[],
  ) {}

  async take({ action, deal: at, percent }: Nudge): Promise<void> {
    const deal = this.deals[at % this.deals.length];
    if (!deal) return;
    const amountMinor = 1n + part(deal.terms.totalMinor, percent);
    switch (action) {
      case 'advance':
        return this.advance(deal, percent);
      case 'unwind':
        return this.unwind(deal);
      case 'deposit':
        return this.deposit(percent % 2 ? deal.terms.buyer : deal.terms.seller, amountMinor);
      case 'step_margin':
        return this.stepMargin(deal, percent);
      case 'pay_out':
      case 'reject_payout':
        return this.payOut(deal, percent, action === 'pay_out');
      case 'strange_receipt':
        return this.strangeReceipt(deal, amountMinor, percent % 2 === 0);
      case 'repeat':
        return this.repeat(percent);
    }
  }

  private async advance(deal: BookedDeal, percent: number): Promise<void> {
    const { terms } = deal;
    switch (deal.stage) {
      case 'committed': {
        const buyerMarginMinor = part(await this.free(terms.buyer), percent);
        const sellerMarginMinor = part(await this.free(terms.seller), percent);
        deal.terms = { ...terms, buyerMarginMinor, sellerMarginMinor };
        deal.heldMinor = sellerMarginMinor;
        await this.post(books.novation(deal.terms));
        deal.stage = 'novated';
        return;
      }
      case 'novated':
        await this.post(books.settlementProved({ ...terms, rail: RAIL }));
        deal.stage = 'settled';
        return;
      case 'settled':
        await this.line(terms.transactionId, terms.totalMinor, 'credit', percent);
        deal.stage = 'cleared';
        return;
      case 'cleared': {
        const reserveMinor = part(terms.totalMinor - terms.feeMinor, percent);
        await this.post(
          books.release({
            ...terms,
            entitlementMinor: terms.totalMinor - terms.feeMinor,
            feesDeferredMinor: terms.feeMinor,
            reserveMinor,
          }),
        );
        deal.heldMinor += reserveMinor;
        deal.stage = 'released';
        return;
      }
      case 'released':
      case 'unwound':
        return;
    }
  }

  private async unwind(deal: BookedDeal): Promise<void> {
    if (deal.stage !== 'novated') return;
    await this.post(books.novationUnwound(deal.terms));
    deal.heldMinor = 0n;
    deal.stage = 'unwound';
  }

  private async deposit(principalId: string, amountMinor: bigint): Promise<void> {
    const depositId = newId('deposit');
    await this.post(books.depositProved({ depositId, principalId, rail: RAIL, asset: ASSET, amountMinor }));
    await this.line(null, amountMinor, 'credit', 0);
  }

  private async stepMargin(deal: BookedDeal, percent: number): Promise<void> {
    if (deal.stage !== 'released') return;
    const amountMinor = part(deal.heldMinor, percent);
    const { transactionId, seller: principalId } = deal.terms;
    const step = `seller:${++deal.steps}`;
    await this.post(books.marginReleased({ transactionId, principalId, step, asset: ASSET, amountMinor }));
    deal.heldMinor -= amountMinor;
  }

  private async payOut(deal: BookedDeal, percent: number, proved: boolean): Promise<void> {
    const principalId = deal.terms.seller;
    const amountMinor = part(await this.free(principalId), percent);
    const payout = { payoutId: newId('payout'), principalId, asset: ASSET, amountMinor };
    await this.post(books.payoutSent(payout));
    await this.post(proved ? books.payoutProved({ ...payout, rail: RAIL }) : books.payoutRejected(payout));
    if (proved && amountMinor > 0n) await this.line(null, amountMinor, 'debit', percent);
  }

  private async strangeReceipt(deal: BookedDeal, amountMinor: bigint, sentBack: boolean): Promise<void> {
    const { transactionId } = deal.terms;
    const receipt = { receiptId: newId('proof'), rail: RAIL, asset: ASSET, amountMinor, transactionId };
    await this.post(books.unknownReceipt(receipt));
    if (sentBack) await this.post(books.receiptSentBack(receipt));
  }

  /** An activity that runs again after a crash posts what it had posted. */
  private async repeat(percent: number): Promise<void> {
    const entry = this.posted[percent % Math.max(1, this.posted.length)];
    if (!entry || entry.postings.length === 0) return;
    const fresh = await inTransaction(this.db, (trx) => postEntries(trx, [entry]));
    if (fresh.length > 0) throw new Error(`${entry.key} was posted twice`);
  }

  private async line(
    transactionId: string | null,
    amountMinor: bigint,
    direction: 'credit' | 'debit',
    percent: number,
  ): Promise<void> {
    const feeMinor = part(amountMinor, percent);
    await this.post(
      books.statementLine({
        lineId: newId('event'),
        transactionId,
        rail: RAIL,
        asset: ASSET,
        amountMinor,
        direction,
        feeMinor,
      }),
    );
  }

  private async free(principalId: string): Promise<bigint> {
    const found = await balancesOf(this.db, principalId);
    return found.find(({ kind }) => kind === 'collateral')?.balanceMinor ?? 0n;
  }

  private async post(entry: Entry): Promise<void> {
    await inTransaction(this.db, (trx) => postEntries(trx, [entry]));
    this.posted.push(entry);
  }
}
