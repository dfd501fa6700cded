import { z } from 'zod';
import { beaconPoliciesSchema, CODE_MAX, POLICY_POINTS, scoutPoliciesSchema } from '../../domain/policies';
import { extensions, id, instant } from './common';

const period = {
  /** By default now. What lies in the past counts from now on. */
  effective_from: instant.nullish(),
  /** Null or left out: until it is replaced. */
  effective_until: instant.nullish(),
  extensions,
};

export const scoutPoliciesRequest = z
  .object({ policies: scoutPoliciesSchema, ...period })
  .meta({ id: 'ScoutPoliciesRequest' });

export const beaconPoliciesRequest = z
  .object({ policies: beaconPoliciesSchema, ...period })
  .meta({ id: 'BeaconPoliciesRequest' });

const STATUSES = ['active', 'scheduled', 'superseded', 'expired'] as const;

export const policiesAccepted = z
  .object({
    policy_id: id('policy'),
    agent_id: z.string(),
    status: z.enum(STATUSES),
    effective_from: z.string(),
    effective_until: z.string().nullable(),
    validated_at: z.string(),
  })
  .meta({ id: 'PoliciesAccepted' });

const policies = z.record(z.string(), z.unknown());

export const policiesResponse = policiesAccepted
  .extend({
    policies,
    /** Versions that begin later, the next one first. */
    scheduled: z.array(policiesAccepted.extend({ policies })),
  })
  .meta({ id: 'Policies' });

export const operatorPolicyParams = z.object({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'lower-case letters, digits, "_" and "-"'),
});

export const operatorPolicyRequest = z
  .object({
    /** Cedar text: rules that forbid, each with an `@id` and an `@reason`. */
    cedar: z.string().min(1).max(CODE_MAX),
    extensions,
  })
  .meta({ id: 'OperatorPolicyRequest' });

const operatorPolicyVersion = z.object({
  policy_id: id('policy'),
  name: z.string(),
  version: z.int(),
  status: z.enum(['active', 'superseded', 'withdrawn']),
  created_by: z.string(),
  created_at: z.string(),
});

export const operatorPolicyResponse = operatorPolicyVersion
  .extend({
    cedar: z.string().nullable(),
    rules: z.array(z.object({ id: z.string(), reason: z.string(), points: z.array(z.enum(POLICY_POINTS)) })),
    /** Newest first. */
    versions: z.array(operatorPolicyVersion),
  })
  .meta({ id: 'OperatorPolicy' });

export const operatorPoliciesResponse = z
  .object({
    /** The Cedar schema that code is checked against. */
    schema: z.string(),
    policies: z.array(z.object({ policy_id: id('policy'), name: z.string(), cedar: z.string() })),
  })
  .meta({ id: 'OperatorPolicies' });
