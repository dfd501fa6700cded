import { readRetention, RETENTION_DAYS } from '../../domain/retention';

describe('periods of retention', () => {
  it('are the usual ones, but for those that are named', () => {
    expect(readRetention('')).toEqual(RETENTION_DAYS);
    expect(readRetention('deal=365,feed=never,answer=1')).toEqual({
      ...RETENTION_DAYS,
      deal: 365,
      feed: null,
      answer: 1,
    });
  });

  it.each(['deal', 'deals=400', 'deal=129', 'answer=0', 'feed=-1', 'party=30', 'deal=36501', 'toString=300'])(
    'refuse %s',
    (pair) => {
      expect(() => readRetention(`answer=7,${pair}`)).toThrow(JSON.stringify(pair));
    },
  );
});
