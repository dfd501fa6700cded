/** Policy as code: what operators forbid, for every decision of the market. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { codeProblems, POLICY_SCHEMA } from '../../domain/policies';
import { inTransaction, type Trx } from '../../store/db';
import {
  insertOperatorPolicy,
  lockOperatorPolicies,
  operatorPoliciesInForce,
  operatorPolicyVersions,
} from '../../store/policies';
import { recordAudit } from '../../store/states';
import type { ApiDeps } from '../deps';
import { route, type Route } from '../route';
import {
  operatorPoliciesResponse,
  operatorPolicyParams,
  operatorPolicyRequest,
  operatorPolicyResponse,
} from '../schemas/policies';
import { operatorPolicyInForce, operatorPolicyView } from '../views/policies';

type Params = z.infer<typeof operatorPolicyParams>;

/** Every decision evaluates all of them. */
const NAMES_MAX = 50;
const VERSIONS_SHOWN = 100;

export function operatorPolicyRoutes(): Route[] {
  return [list, get, put, remove];
}

const list = route({
  method: 'get',
  path: '/v1/policies',
  summary: "Operators' code in force, and the schema it is written against",
  tag: 'Policies',
  access: ['operator'],
  response: { status: 200, schema: operatorPoliciesResponse, description: 'What is in force, by name' },
  errors: [],
  async handler({ deps }) {
    const inForce = await operatorPoliciesInForce(deps.db);
    return {
      status: 200,
      body: { schema: POLICY_SCHEMA, policies: inForce.map(operatorPolicyInForce) },
    };
  },
});

const get = route<Params>({
  method: 'get',
  path: '/v1/policies/:name',
  summary: "Operators' code of a name, with its versions",
  tag: 'Policies',
  access: ['operator'],
  params: operatorPolicyParams,
  response: { status: 200, schema: operatorPolicyResponse, description: 'The newest version' },
  errors: ['INVALID_PARAMETER', 'RESOURCE_NOT_FOUND'],
  async handler({ params, deps }) {
    return { status: 200, body: await view(deps.db, params.name) };
  },
});

const put = route<Params, unknown, z.infer<typeof operatorPolicyRequest>>({
  method: 'put',
  path: '/v1/policies/:name',
  summary: 'Put Cedar rules in force, in place of what the name held',
  tag: 'Policies',
  access: ['operator'],
  params: operatorPolicyParams,
  body: operatorPolicyRequest,
  response: { status: 200, schema: operatorPolicyResponse, description: 'The new version, in force' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER'],
  async handler({ params: { name }, body: { cedar }, agent, deps }) {
    refuseInvalid(cedar);
    const body = await inTransaction(deps.db, async (trx) => {
      await lockOperatorPolicies(trx);
      const others = (await operatorPoliciesInForce(trx)).filter((policy) => policy.name !== name);
      if (others.length >= NAMES_MAX) {
        const reason = `at most ${NAMES_MAX} names are in force at once`;
        throw new AuraError('INVALID_PARAMETER', `name: ${reason}`, { field: 'name', reason });
      }
      await store(trx, name, cedar, agent.id);
      return view(trx, name);
    });
    return { status: 200, body };
  },
});

const remove = route<Params>({
  method: 'delete',
  path: '/v1/policies/:name',
  summary: "Take a name's rules out of force; its versions are kept",
  tag: 'Policies',
  access: ['operator'],
  params: operatorPolicyParams,
  response: { status: 200, schema: operatorPolicyResponse, description: 'The name without rules' },
  errors: ['INVALID_PARAMETER', 'RESOURCE_NOT_FOUND'],
  async handler({ params: { name }, agent, deps }) {
    const body = await inTransaction(deps.db, async (trx) => {
      await lockOperatorPolicies(trx);
      const { status } = await view(trx, name);
      if (status === 'active') await store(trx, name, null, agent.id);
      return view(trx, name);
    });
    return { status: 200, body };
  },
});

async function view(db: ApiDeps['db'] | Trx, name: string) {
  const versions = await operatorPolicyVersions(db, name, VERSIONS_SHOWN);
  const [newest] = versions;
  if (!newest) throw new AuraError('RESOURCE_NOT_FOUND', 'There is no policy of this name.');
  return operatorPolicyView(newest, versions);
}

async function store(trx: Trx, name: string, cedar: string | null, createdBy: string): Promise<void> {
  const stored = await insertOperatorPolicy(trx, { id: newId('policy'), name, cedar, createdBy });
  await recordAudit(trx, {
    actor: createdBy,
    action: cedar === null ? 'policy.withdrawn' : 'policy.put_in_force',
    subject: stored.id,
    detail: { name, version: stored.version, cedar },
  });
}

function refuseInvalid(cedar: string): void {
  const problems = codeProblems(cedar);
  const [first] = problems;
  if (!first) return;
  const reason = `line ${first.line}: ${first.reason}`;
  throw new AuraError('INVALID_PARAMETER', `cedar: ${reason}`, {
    field: 'cedar',
    reason,
    line: first.line,
    problems,
  });
}
