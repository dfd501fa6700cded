/** What an adapter asks AURA before it sends: the right to send, and whom the money is for. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import type { RailName, SignedInstruction } from '../../domain/settlement';
import { inTransaction, violatedConstraint, type Queryable } from '../../store/db';
import { correctAccount } from '../../store/payment-accounts';
import { accountOfRail, claimForRail, instructionOfRail, mandateOfRail } from '../../store/rails';
import { recordAudit } from '../../store/states';
import { requireOwnRail } from '../middleware/authenticate-rail';
import { route, type Route } from '../route';
import {
  accountParams,
  claimRequest,
  claimResponse,
  correctionRequest,
  correctionResponse,
  instructionParams,
  instructionResponse,
  mandateParams,
  partiesResponse,
  railMandateResponse,
} from '../schemas/rails';
import { accountView, mandateView, partiesView } from '../views/rails';

export function railAdapterRoutes(): Route[] {
  return [claim, getInstruction, parties, getMandate, correct];
}

const claim = route<z.infer<typeof instructionParams>, unknown, z.infer<typeof claimRequest>>({
  method: 'post',
  path: '/v1/rails/:rail/transmissions/:instruction_id',
  summary: 'Claim the only right to send an instruction: 201 for the first caller ever, 409 afterwards',
  tag: 'Rail adapters',
  access: 'rail',
  params: instructionParams,
  body: claimRequest,
  response: { status: 201, schema: claimResponse, description: 'The right is the claimant’s' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'RESOURCE_NOT_FOUND', 'TRANSMISSION_CLAIMED'],
  async handler({ params, body, caller, deps }) {
    requireOwnRail(caller, params.rail);
    const { instruction_id: instructionId } = params;
    const by = `${caller.keyId}/${body.claimant}`;
    const claimed = await claimForRail(deps.db, { rail: caller.rail, instructionId, by });
    switch (claimed.outcome) {
      case 'claimed':
        return {
          status: 201,
          body: {
            instruction_id: instructionId,
            claimant: body.claimant,
            claimed_at: claimed.at.toISOString(),
          },
        };
      case 'taken':
        throw new AuraError('TRANSMISSION_CLAIMED', undefined, {
          reason: 'claimed',
          // A claimant whose answer was lost knows itself again; of others it learns nothing.
          yours: claimed.by === by,
          claimed_at: claimed.at.toISOString(),
        });
      case 'expired':
        throw new AuraError('TRANSMISSION_CLAIMED', 'The instruction has expired; nobody may send it.', {
          reason: 'expired',
          yours: false,
          expired_at: claimed.expiresAt.toISOString(),
        });
      case 'not_found':
        throw unknownTo(caller.rail, 'instruction');
    }
  },
});

const getInstruction = route<z.infer<typeof instructionParams>>({
  method: 'get',
  path: '/v1/rails/:rail/instructions/:instruction_id',
  summary: 'An instruction to this rail, as AURA signed it',
  tag: 'Rail adapters',
  access: 'rail',
  params: instructionParams,
  response: { status: 200, schema: instructionResponse, description: 'The signed instruction' },
  errors: ['INVALID_PARAMETER', 'RESOURCE_NOT_FOUND'],
  async handler({ params, caller, deps }) {
    requireOwnRail(caller, params.rail);
    return { status: 200, body: await ownInstruction(deps.db, caller.rail, params.instruction_id) };
  },
});

const parties = route<z.infer<typeof instructionParams>>({
  method: 'get',
  path: '/v1/rails/:rail/instructions/:instruction_id/parties',
  summary: 'The accounts behind the references of an instruction to this rail',
  tag: 'Rail adapters',
  access: 'rail',
  params: instructionParams,
  response: { status: 200, schema: partiesResponse, description: 'Debtor and creditor' },
  errors: ['INVALID_PARAMETER', 'RESOURCE_NOT_FOUND'],
  async handler({ params, caller, deps }) {
    requireOwnRail(caller, params.rail);
    const { instruction } = await ownInstruction(deps.db, caller.rail, params.instruction_id);
    return { status: 200, body: await partiesView(deps.db, caller.rail, instruction) };
  },
});

const getMandate = route<z.infer<typeof mandateParams>>({
  method: 'get',
  path: '/v1/rails/:rail/mandates/:mandate_id',
  summary: 'A mandate at this rail, with the account it is on',
  tag: 'Rail adapters',
  access: 'rail',
  params: mandateParams,
  response: { status: 200, schema: railMandateResponse, description: 'The mandate' },
  errors: ['INVALID_PARAMETER', 'RESOURCE_NOT_FOUND'],
  async handler({ params, caller, deps }) {
    requireOwnRail(caller, params.rail);
    const found = await mandateOfRail(deps.db, caller.rail, params.mandate_id);
    if (!found) throw unknownTo(caller.rail, 'mandate');
    const { mandate, account } = found;
    return {
      status: 200,
      body: { ...mandateView(mandate), status: mandate.status, account: accountView(account) },
    };
  },
});

const correct = route<z.infer<typeof accountParams>, unknown, z.infer<typeof correctionRequest>>({
  method: 'put',
  path: '/v1/rails/:rail/accounts/:account_id',
  summary: 'Correct the details of a bank account at this rail, as a notice of change says',
  tag: 'Rail adapters',
  access: 'rail',
  params: accountParams,
  body: correctionRequest,
  response: { status: 200, schema: correctionResponse, description: 'The fields that were corrected' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'RESOURCE_NOT_FOUND'],
  async handler({ params, body, caller, deps }) {
    requireOwnRail(caller, params.rail);
    const corrected = await inTransaction(deps.db, async (trx) => {
      const account = await accountOfRail(trx, caller.rail, params.account_id);
      if (account?.form !== 'bank') throw unknownTo(caller.rail, 'bank account');
      const change = {
        ...(body.routing_number !== undefined && { routingNumber: body.routing_number }),
        ...(body.account_number !== undefined && { accountNumber: body.account_number }),
        ...(body.account_type !== undefined && { accountType: body.account_type }),
      };
      const details = { ...account.details, ...change } as { routingNumber: string; accountNumber: string };
      const identifier = `${details.routingNumber}/${details.accountNumber}`;
      await correctAccount(trx, account.id, { identifier, details: { ...details } });
      await recordAudit(trx, {
        actor: `rail:${caller.rail}`,
        action: 'account.corrected',
        subject: account.id,
        detail: { fields: Object.keys(change), key_id: caller.keyId },
      });
      return Object.keys(change);
    }).catch(refuseTwin);
    return { status: 200, body: { account_ref: params.account_id, corrected } };
  },
});

/** A principal has an account at a rail once. */
function refuseTwin(error: unknown): never {
  if (violatedConstraint(error) !== 'payment_accounts_identity') throw error;
  const reason = 'its holder has another account here with these details';
  throw new AuraError('INVALID_PARAMETER', `account_id: ${reason}`, { field: 'account_id', reason });
}

async function ownInstruction(db: Queryable, rail: RailName, id: string): Promise<SignedInstruction> {
  const found = await instructionOfRail(db, rail, id);
  if (!found) throw unknownTo(rail, 'instruction');
  return found;
}

/** What is another rail's is to this one as if it were not there. */
function unknownTo(rail: RailName, what: string): AuraError {
  return new AuraError('RESOURCE_NOT_FOUND', `There is no such ${what} at ${rail}.`);
}
