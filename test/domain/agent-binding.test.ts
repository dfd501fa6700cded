import { agentBindingBytes, type AgentBinding } from '../../domain/agent-binding';
import { createSigner, generateKeyPair, verifySignature } from '../../domain/keys';

const BINDING: AgentBinding = {
  publicKey: '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  role: 'scout',
  capacity: { USD: '5000.00', EUR: '100.00' },
};

describe('what a principal signs for its agent', () => {
  it('is canonical, with a type of its own', () => {
    expect(agentBindingBytes(BINDING)).toBe(
      '{"capacity":{"EUR":"100.00","USD":"5000.00"},' +
        '"public_key":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=","role":"scout","type":"aura.agent-binding.v1"}',
    );
  });

  it('fits no other key, role or capacity', () => {
    const principal = createSigner(generateKeyPair().privateKeyPem, 'principal');
    const signature = principal.sign(agentBindingBytes(BINDING));
    const fits = (binding: AgentBinding) =>
      verifySignature(principal.publicKey, agentBindingBytes(binding), signature);
    expect(fits(BINDING)).toBe(true);
    expect(fits({ ...BINDING, capacity: { EUR: '100.00', USD: '5000.00' } })).toBe(true);
    const others: Partial<AgentBinding>[] = [
      { publicKey: generateKeyPair().publicKey },
      { role: 'beacon' },
      { capacity: { USD: '50000.00', EUR: '100.00' } },
      { capacity: { USD: '5000.00' } },
      { capacity: {} },
    ];
    for (const other of others) expect(fits({ ...BINDING, ...other })).toBe(false);
  });
});
