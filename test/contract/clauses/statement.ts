/** The statement, and what survives a crash of the network. */
import type { StatementLine } from '../../../domain/settlement';
import type { RailStatement } from '../../../rails/port';
import type { RailHarness } from '../../support/rail-harness';
import { executed, factsOf, expectLine } from '../expectations';

async function collect(statement: RailStatement): Promise<StatementLine[]> {
  const lines: StatementLine[] = [];
  for await (const line of statement.lines) lines.push(line);
  return lines;
}

export function describeStatement(harness: () => RailHarness): void {
  it('has a statement that ties to balances and instructions, also after a crash of the network', async () => {
    const rail = harness();
    const stepMs = rail.timeStepMs ?? 1;
    const start = new Date(Math.ceil((Date.now() + 2) / stepMs) * stepMs);
    await new Promise((resolve) => setTimeout(resolve, start.getTime() - Date.now() + 3));
    const openingMinor = await rail.balanceMinor();
    const payIn = await rail.instruct('pay_in');
    const received = executed(await rail.settle(payIn)).proof;
    const outgoing = rail.carriesPayouts
      ? await rail.instruct('payout', { amount_minor: '990' })
      : await rail.instruct('refund', {
          amount_minor: '990',
          creditor: { account_ref: payIn.instruction.debtor.account_ref },
          returns_reference: received.statement.reference,
        });
    const proofs = [received, executed(await rail.settle(outgoing)).proof];
    await rail.crashNetwork();
    const later = await rail.instruct('pay_in', { amount_minor: '11' });
    proofs.push(executed(await rail.settle(later)).proof);
    const period = { from: start.toISOString(), to: new Date(Date.now() + 60_000).toISOString() };
    const statement = await rail.adapter.statement(period);
    const lines = await collect(statement);
    expect(statement.openingMinor).toBe(openingMinor);
    expect(statement.closingMinor).toBe(await rail.balanceMinor());
    const sum = lines.reduce(
      (total, { direction, amount_minor: amount, fee_minor: fee }) =>
        total + (direction === 'credit' ? 1n : -1n) * BigInt(amount) - BigInt(fee),
      0n,
    );
    expect(statement.openingMinor + sum).toBe(statement.closingMinor);
    expect(lines.map(({ reference }) => reference)).toEqual(
      proofs.map(({ statement: { reference } }) => reference),
    );
    for (const { direction, amount_minor: amount, fee_minor: fee } of lines)
      expect(BigInt(fee)).toBe(direction === 'credit' ? rail.feeMinor(BigInt(amount)) : 0n);
    lines.forEach((line, index) => {
      const proof = proofs[index];
      if (proof) expectLine(rail, line, proof, line.direction);
    });
  });

  it('keeps what it executed through a crash of the network', async () => {
    const rail = harness();
    const signed = await rail.instruct('pay_in');
    const first = executed(await rail.settle(signed));
    await rail.crashNetwork();
    const again = executed(await rail.settle(signed));
    expect(factsOf(again)).toEqual(factsOf(first));
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
  });
}
