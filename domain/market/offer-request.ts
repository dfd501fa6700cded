/**
 * What a seller is asked, in the names of protocols 1.0.0 and 2.2 at once: by webhook, by polling and in the list of its
 * pending requests alike. It is made from the stored projection, so nothing that is withheld from sellers can be in it.
 */
import type { Constraints } from '../constraints';
import type { RequestProjection } from './projection';
import { requirements1 } from './requirements-1';

export interface OfferRequestInput {
  readonly session: {
    readonly id: string;
    /** When the window for offers closes. */
    readonly offersDueAt: Date;
  };
  readonly request: {
    readonly id: string;
    readonly projection: { readonly interpreted_request: Record<string, unknown> };
  };
  readonly recipient: {
    readonly askedAt: Date;
    /** Why this seller was chosen. */
    readonly context: Record<string, unknown> | null;
  };
  /** Without a trailing slash. */
  readonly publicUrl: string;
}

export interface OfferRequestBody {
  request_type: 'offer_request';
  request_id: string;
  session_id: string;
  timestamp: string;
  respond_by: string;
  response_url: string;
  interpreted_request: {
    structured_requirements: Record<string, unknown>;
    natural_language_context: Record<string, unknown>;
  };
  beacon_context: Record<string, unknown> | null;
}

export function offerRequestBody({
  session,
  request,
  recipient,
  publicUrl,
}: OfferRequestInput): OfferRequestBody {
  // The projection's type is loose where it is stored; `projectRequest` is the only one who writes it.
  const shown = request.projection.interpreted_request as RequestProjection['interpreted_request'];
  const { structured_requirements: wanted, natural_language_context: context } = shown;
  const constraints = { hard: wanted.hard_constraints, soft: wanted.soft_preferences } as Constraints;
  return {
    request_type: 'offer_request',
    request_id: request.id,
    session_id: session.id,
    timestamp: recipient.askedAt.toISOString(),
    respond_by: session.offersDueAt.toISOString(),
    response_url: `${publicUrl}/v1/sessions/${session.id}/offers`,
    interpreted_request: {
      structured_requirements: { ...requirements1(String(wanted.category), constraints) },
      natural_language_context: context,
    },
    beacon_context: recipient.context,
  };
}
