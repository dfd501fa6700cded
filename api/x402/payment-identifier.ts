/** The payment-identifier extension: an id of the client's choice by which a payment counts once. */

export const PAYMENT_IDENTIFIER = 'payment-identifier';
const FORM = /^[A-Za-z0-9_-]{16,128}$/;

/** How support for it is told in `PAYMENT-REQUIRED`. */
export function paymentIdentifierDeclaration() {
  return {
    info: { required: false },
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        required: { type: 'boolean' },
        id: { type: 'string', minLength: 16, maxLength: 128 },
      },
      required: ['required'],
    },
  };
}

/** The id that the client gave; null where it has the wrong form, undefined where there is none. */
export function paymentIdentifierOf(
  extensions: Readonly<Record<string, unknown>>,
): string | null | undefined {
  const info = (extensions[PAYMENT_IDENTIFIER] as { info?: { id?: unknown } } | undefined)?.info;
  const id = info?.id;
  if (id === undefined) return undefined;
  return typeof id === 'string' && FORM.test(id) ? id : null;
}
