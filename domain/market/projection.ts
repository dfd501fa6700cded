/** The projection: what sellers are shown of a request. Fields the profile withholds are not in it at all. */
import type { Constraints } from '../constraints';
import { disclosureTier, quantityBand, type DisclosureField } from '../profiles/disclosure';
import type { ProfileId } from '../profiles';

interface Interpreted {
  requestId: string;
  category: string;
  constraints: Constraints;
  context: { content: string; language: string };
  entities: readonly { type: string; value: string; confidence: number }[];
}

export interface RequestProjection {
  request_id: string;
  session_id: string;
  interpreted_request: {
    structured_requirements: Record<string, unknown>;
    natural_language_context: Record<string, unknown>;
  };
}

export function projectRequest(
  sessionId: string,
  profile: ProfileId,
  request: Interpreted,
): RequestProjection {
  const tier = (field: DisclosureField) => disclosureTier(profile, field, 'offer');
  const { hard = {}, soft = {} } = request.constraints;
  const { quantity, ...otherHard } = hard;
  const hardShown = {
    ...otherHard,
    ...(quantity !== undefined &&
      (tier('quantity') === 'banded' ? { quantity_band: quantityBand(quantity) } : { quantity })),
  };
  const softShown = {
    ...(tier('brands') === 'full' && soft.brands && { brands: soft.brands }),
    ...(tier('wanted_features') === 'full' &&
      soft.features_preferred && { features_preferred: soft.features_preferred }),
    ...(soft.certifications_preferred && { certifications_preferred: soft.certifications_preferred }),
    ...(tier('ideal_price_range') === 'full' && soft.price_range && { price_range: soft.price_range }),
  };
  return {
    request_id: request.requestId,
    session_id: sessionId,
    interpreted_request: {
      structured_requirements: {
        category: request.category,
        hard_constraints: hardShown,
        soft_preferences: softShown,
      },
      natural_language_context: { ...request.context, sanitized: true },
    },
  };
}
