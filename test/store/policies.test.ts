/** Versions of policies that one agent declares at the same time. */
import { newId } from '../../domain/ids';
import { inTransaction } from '../../store/db';
import { agentPolicies, declarePolicies } from '../../store/policies';
import { describeWithDatabase } from '../support/database';
import { aScout } from '../support/factories';

describeWithDatabase('policies declared at once', (database) => {
  it('are all stored, and exactly one is in force', async () => {
    const { db } = database();
    const { id: agentId } = await aScout(db);
    const ids = Array.from({ length: 12 }, () => newId('policy'));
    const stored = await Promise.all(
      ids.map((id) =>
        inTransaction(db, (trx) =>
          declarePolicies(trx, {
            id,
            agentId,
            policies: {},
            effectiveFrom: undefined,
            effectiveUntil: null,
          }),
        ),
      ),
    );
    expect(stored.map(({ id }) => id)).toEqual(ids);
    const versions = await agentPolicies(db, agentId, { limit: 20 });
    expect(versions.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(versions.filter(({ status }) => status === 'active')).toHaveLength(1);
  });
});
