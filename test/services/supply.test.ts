/** The bill of materials and the dependency audit: what is wrong is found. */
import { problemOfBom, verdictOfAudit } from '../../bin/supply';

const component = { name: 'pg', version: '8.0.0', purl: 'pkg:npm/pg@8.0.0', 'bom-ref': 'pg@8.0.0' };
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  metadata: { component: { name: 'aura', 'bom-ref': 'aura' } },
  components: [component],
  dependencies: [{ ref: 'aura', dependsOn: ['pg@8.0.0'] }],
};

describe('a bill of materials', () => {
  it('holds', () => expect(problemOfBom(bom)).toBeUndefined());
  it.each([
    [{ bomFormat: 'SPDX' }, /CycloneDX/],
    [{ metadata: {} }, /what it is of/],
    [{ components: [] }, /no components/],
    [{ components: [{ ...component, version: '' }] }, /pg has no version/],
    [{ dependencies: [{ ref: 'aura', dependsOn: ['left-pad@1'] }] }, /left-pad@1/],
  ])('with %j does not', (change, problem) => expect(problemOfBom({ ...bom, ...change })).toMatch(problem));
});

describe('a dependency audit', () => {
  const answer = (counts: object) => JSON.stringify({ metadata: { vulnerabilities: counts } });
  it.each([
    ['none', { status: 0, stdout: answer({ high: 0, critical: 0, moderate: 3 }) }],
    ['found', { status: 1, stdout: answer({ high: 1, critical: 0 }) }],
    ['found', { status: 1, stdout: answer({ high: 0, critical: 2 }) }],
    ['unknown', { status: 1, stdout: '{"message":"404 Not Found"}' }],
    ['unknown', { status: 1, stdout: '' }],
  ] as const)('says %s', (verdict, run) => expect(verdictOfAudit(run)).toBe(verdict));
});
