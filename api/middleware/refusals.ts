/** How the door says no. */
import { AuraError, type ErrorDetails } from '../../domain/errors';

export function unauthenticated(field: string, reason: string): AuraError {
  return new AuraError('AUTHENTICATION_REQUIRED', `The request is not signed: ${field}: ${reason}.`, {
    field,
    reason,
  });
}

export function invalidSignature(message: string, details: ErrorDetails): AuraError {
  return new AuraError('INVALID_SIGNATURE', message, details);
}

export function invalidApiKey(reason: string): AuraError {
  return new AuraError('INVALID_API_KEY', `The API key is refused: ${reason}.`, {
    field: 'Authorization',
    reason,
  });
}
