/** What each side of a deal has put up. */
import type { DealPosting } from '../domain/ledger/postings';
import { insert, rows, update, type Queryable, type Trx } from './db';
import type { Deal } from './transactions';

export interface Margin {
  role: 'buyer' | 'seller';
  principalId: string;
  requiredMinor: bigint;
  /** Taken from free collateral at T19. */
  collateralMinor: bigint;
  /** To be taken from the sale at release. */
  fromSaleMinor: bigint;
  heldMinor: bigint;
}

export async function insertMargins(
  trx: Trx,
  transactionId: string,
  asset: string,
  margins: readonly Pick<Margin, 'role' | 'principalId' | 'requiredMinor'>[],
): Promise<void> {
  await insert(
    trx,
    'margins',
    margins.map(({ role, principalId, requiredMinor }) => ({
      transaction_id: transactionId,
      role,
      principal_id: principalId,
      asset,
      required_minor: requiredMinor.toString(),
    })),
  );
}

export async function marginsOf(
  db: Queryable,
  transactionId: string,
): Promise<Record<'buyer' | 'seller', Margin>> {
  const found = await rows<{
    role: 'buyer' | 'seller';
    principalId: string;
    required: string;
    collateral: string;
    fromSale: string;
    held: string;
  }>(
    db,
    `SELECT role, principal_id AS "principalId", required_minor AS required, collateral_minor AS collateral,
       from_sale_minor AS "fromSale", held_minor AS held FROM margins WHERE transaction_id = ?`,
    [transactionId],
  );
  const of = (role: 'buyer' | 'seller'): Margin => {
    const row = found.find((candidate) => candidate.role === role);
    if (!row) throw new Error(`no ${role} margin of ${transactionId}`);
    return {
      role,
      principalId: row.principalId,
      requiredMinor: BigInt(row.required),
      collateralMinor: BigInt(row.collateral),
      fromSaleMinor: BigInt(row.fromSale),
      heldMinor: BigInt(row.held),
    };
  };
  return { buyer: of('buyer'), seller: of('seller') };
}

export async function setMargin(
  trx: Trx,
  transactionId: string,
  margin: Pick<Margin, 'role' | 'collateralMinor' | 'fromSaleMinor' | 'heldMinor'>,
): Promise<void> {
  await update(
    trx,
    'margins',
    { transaction_id: transactionId, role: margin.role },
    {
      collateral_minor: margin.collateralMinor.toString(),
      from_sale_minor: margin.fromSaleMinor.toString(),
      held_minor: margin.heldMinor.toString(),
    },
  );
}

/** The terms that ledger entries of the deal are built from. */
export function dealPosting(deal: Deal, margins: Record<'buyer' | 'seller', Margin>): DealPosting {
  return {
    transactionId: deal.id,
    buyer: deal.buyerPrincipalId,
    seller: deal.sellerPrincipalId,
    asset: deal.asset,
    totalMinor: deal.totalMinor,
    feeMinor: deal.feeMinor,
    buyerMarginMinor: margins.buyer.collateralMinor,
    sellerMarginMinor: margins.seller.collateralMinor,
  };
}
