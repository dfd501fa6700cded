import { verifyCredential, type AcceptedCredential } from '../../domain/credentials';
import { canonicalHash } from '../../domain/canonical';
import { AuraError } from '../../domain/errors';
import { KeyError, parsePublicKey, type PublicKey } from '../../domain/keys';
import { sandboxGrant } from '../../domain/ledger/postings';
import { trustProfile } from '../../domain/trust-profile';
import { atLeast, maxTrust } from '../../domain/trust';
import { inTransaction, type Queryable } from '../../store/db';
import { postEntries } from '../../store/ledger';
import {
  findPrincipal,
  findPrincipalByKey,
  insertCredential,
  identityOf,
  insertPrincipal,
  type Principal,
} from '../../store/principals';
import { recordAudit } from '../../store/states';
import { loadTrustFramework } from '../../store/trust';
import type { ApiDeps } from '../deps';
import { route } from '../route';
import { principalParams, principalRequest, principalResponse } from '../schemas/parties';
import type { z } from 'zod';

export function principalRoutes() {
  return [
    route<unknown, unknown, z.infer<typeof principalRequest>>({
      method: 'post',
      path: '/v1/principals',
      summary: 'Register a principal with its key and credentials',
      tag: 'Identity',
      access: 'public',
      body: principalRequest,
      response: { status: 201, schema: principalResponse, description: 'The principal and what it may do' },
      errors: [
        'INVALID_REQUEST',
        'INVALID_PARAMETER',
        'CREDENTIAL_INVALID',
        'INVALID_SIGNATURE',
        'IDEMPOTENCY_CONFLICT',
        'PAYLOAD_TOO_LARGE',
      ],
      creates: { kind: 'principal', movesMoney: false },
      async handler({ body, rawBody, deps, subjectId }) {
        const publicKey = readKey(body.public_key, 'public_key');
        const known = await findPrincipalByKey(deps.db, publicKey);
        if (known) return known.id === subjectId ? answer(deps.db, known) : taken();
        // Credentials are signed as plain JSON, so they are verified as plain JSON.
        const { credentials = [] } = JSON.parse(rawBody) as { credentials?: unknown[] };
        const verified = await verifyAll(deps, publicKey, credentials);
        return answer(deps.db, await register(deps, subjectId, publicKey, body.name, credentials, verified));
      },
    }),
    route<z.infer<typeof principalParams>>({
      method: 'get',
      path: '/v1/principals/:principal_id',
      summary: 'A principal, to its own agents',
      tag: 'Identity',
      access: ['scout', 'beacon', 'operator'],
      params: principalParams,
      response: { status: 200, schema: principalResponse, description: 'The principal' },
      errors: ['PRINCIPAL_NOT_FOUND'],
      async handler({ params, agent, deps }) {
        const mine = agent.role === 'operator' || agent.principalId === params.principal_id;
        const principal = mine ? await findPrincipal(deps.db, params.principal_id) : undefined;
        if (!principal) throw new AuraError('PRINCIPAL_NOT_FOUND');
        return { ...(await answer(deps.db, principal)), status: 200 };
      },
    }),
  ];
}

function taken(): never {
  const message = 'A principal with this key is registered already.';
  throw new AuraError('INVALID_PARAMETER', message, { field: 'public_key', reason: 'in use' });
}

export function readKey(input: unknown, field: string): PublicKey {
  try {
    return parsePublicKey(input);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new AuraError('INVALID_SIGNATURE', `The key is refused: ${error.message}.`, {
      field,
      reason: error.message,
    });
  }
}

async function verifyAll(
  deps: ApiDeps,
  principalKey: PublicKey,
  credentials: unknown[],
): Promise<AcceptedCredential[]> {
  if (credentials.length === 0) return [];
  const framework = await loadTrustFramework(deps.db);
  const verified: AcceptedCredential[] = [];
  for (const [index, credential] of credentials.entries()) {
    const verdict = await verifyCredential(credential, { framework, principalKey, now: new Date() });
    if (!verdict.ok) {
      const { reason, detail, field } = verdict;
      throw new AuraError('CREDENTIAL_INVALID', `credentials.${index}: ${detail}`, {
        field: field ? `credentials.${index}.${field}` : `credentials.${index}`,
        reason,
      });
    }
    verified.push(verdict);
  }
  return verified;
}

async function register(
  { db, config }: ApiDeps,
  id: string,
  publicKey: PublicKey,
  name: string | undefined,
  documents: unknown[],
  verified: AcceptedCredential[],
): Promise<Principal> {
  const trustLevel = maxTrust(...verified.map(({ level }) => level));
  const record = verified.find(({ tradeRecord }) => tradeRecord)?.tradeRecord;
  return inTransaction(db, async (trx) => {
    await insertPrincipal(trx, {
      id,
      name: verifiedName(verified) ?? name ?? id,
      publicKey,
      trustLevel,
      trustProfile: trustProfile(trustLevel, verified),
      attestedRecord: record ?? null,
    });
    for (const [index, credential] of verified.entries()) {
      await insertCredential(trx, {
        principalId: id,
        ...credential,
        documentSha256: canonicalHash(documents[index]),
      });
    }
    if (config.sandbox && config.sandboxGrantMinor > 0n) {
      await postEntries(trx, [
        sandboxGrant({ principalId: id, asset: 'USD', amountMinor: config.sandboxGrantMinor }),
      ]);
    }
    await recordAudit(trx, {
      actor: id,
      action: 'principal.registered',
      subject: id,
      detail: {
        trust_level: trustLevel,
        credentials: verified.map(({ issuerId, credentialId }) => [issuerId, credentialId]),
      },
    });
    const stored = await findPrincipal(trx, id);
    if (!stored) throw new Error('the principal was not stored');
    return stored;
  });
}

/** An organisation bears the name that was verified; a person's contact is not a name. */
function verifiedName(verified: readonly AcceptedCredential[]): string | undefined {
  return (
    verified.find(({ level, subjectName }) => subjectName && atLeast(level, 'L2'))?.subjectName ?? undefined
  );
}

async function answer(db: Queryable, principal: Principal) {
  const { name, trustProfile } = await identityOf(db, principal.id);
  return {
    status: 201,
    body: {
      principal_id: principal.id,
      name,
      trust_level: principal.trustLevel,
      trust_profile: trustProfile,
      public_key: principal.publicKey,
      status: principal.status,
      created_at: principal.createdAt.toISOString(),
    },
  };
}
