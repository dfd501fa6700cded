/** A small issuer of credentials, for demos and tests. Nothing of the API reaches it. */
export * from './vc-issuer';
export * from './certificate-authority';
