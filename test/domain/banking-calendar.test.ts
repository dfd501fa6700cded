import fc from 'fast-check';
import { ACH_RETURN_CODES, ACH_RETURNS, achReturn, mayRetry, returnDeadline } from '../../domain/ach-returns';
import {
  addBankingDays,
  addDays,
  bankingDayFrom,
  bankingDaysBetween,
  dayOfReceipt,
  daysBetween,
  isBankingDay,
  newYorkDate,
  newYorkTime,
  settlementDate,
} from '../../domain/banking-calendar';

const dates = fc.integer({ min: 0, max: 36_500 }).map((days) => addDays('2005-01-01', days));
const CUT_OFF = 17 * 60;

describe('banking days', () => {
  it.each([
    ['2026-11-21', false, 'a Saturday'],
    ['2026-11-22', false, 'a Sunday'],
    ['2026-11-23', true, 'a Monday'],
    ['2026-11-26', false, 'Thanksgiving'],
    ['2026-11-27', true, 'the day after Thanksgiving'],
    ['2026-07-03', true, 'the Friday before a fourth of July on Saturday'],
    ['2027-07-05', false, 'the Monday after a fourth of July on Sunday'],
    ['2027-12-24', true, 'the Friday before Christmas on Saturday'],
    ['2027-12-31', true, 'the Friday before New Year on Saturday'],
    ['2023-01-02', false, 'the Monday after New Year on Sunday'],
    ['2022-06-20', false, 'the Monday after Juneteenth on Sunday'],
    ['2026-10-12', false, 'Columbus Day'],
    ['2026-11-11', false, 'Veterans Day'],
    ['2027-01-18', false, 'the birthday of Martin Luther King'],
  ])('%s: %s, %s', (date, open) => {
    expect(isBankingDay(date)).toBe(open);
  });

  it('counts on and back over weekends and holidays', () => {
    expect(addBankingDays('2026-11-25', 1)).toBe('2026-11-27');
    expect(addBankingDays('2026-11-25', 2)).toBe('2026-11-30');
    expect(addBankingDays('2026-11-30', -2)).toBe('2026-11-25');
    expect(addBankingDays('2026-11-21', 0)).toBe('2026-11-23');
    expect(addBankingDays('2026-11-21', 1)).toBe('2026-11-23');
    expect(bankingDaysBetween('2026-11-25', '2026-11-30')).toBe(2);
    expect(bankingDaysBetween('2026-11-30', '2026-11-25')).toBe(-2);
    expect(bankingDaysBetween('2026-11-21', '2026-11-22')).toBe(0);
  });

  it('lands on banking days, and counts back what it counted on', () => {
    fc.assert(
      fc.property(dates, fc.integer({ min: 1, max: 300 }), (date, count) => {
        const later = addBankingDays(date, count);
        expect(isBankingDay(later)).toBe(true);
        expect(bankingDaysBetween(date, later)).toBe(count);
        expect(addBankingDays(bankingDayFrom(date), count)).toBe(
          addBankingDays(date, isBankingDay(date) ? count : count + 1),
        );
        expect(addBankingDays(later, -count)).toBe(isBankingDay(date) ? date : addBankingDays(date, -1));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses what is no date', () => {
    for (const odd of ['2026-02-30', '2026-1-1', '1999-12-31', 'tomorrow', ''])
      expect(() => isBankingDay(odd)).toThrow(RangeError);
  });

  it("goes by New York's date, in winter and in summer", () => {
    expect(newYorkDate(new Date('2026-11-24T04:59:59Z'))).toBe('2026-11-23');
    expect(newYorkDate(new Date('2026-11-24T05:00:00Z'))).toBe('2026-11-24');
    expect(newYorkDate(new Date('2026-07-01T03:59:59Z'))).toBe('2026-06-30');
    expect(newYorkTime(new Date('2026-07-01T04:00:00Z'))).toEqual({ date: '2026-07-01', minutes: 0 });
    expect(newYorkTime(new Date('2026-11-23T21:59:30Z'))).toEqual({ date: '2026-11-23', minutes: 1019 });
  });

  it('counts what comes after the cut-off, or on no banking day, to the next one', () => {
    expect(dayOfReceipt('2026-11-25', CUT_OFF - 1, CUT_OFF)).toBe('2026-11-25');
    expect(dayOfReceipt('2026-11-25', CUT_OFF, CUT_OFF)).toBe('2026-11-27');
    expect(dayOfReceipt('2026-11-26', 0, CUT_OFF)).toBe('2026-11-27');
    expect(dayOfReceipt('2026-11-28', 0, CUT_OFF)).toBe('2026-11-30');
  });

  it('settles on the effective date, but never before the next banking day', () => {
    expect(settlementDate('2026-11-25', undefined)).toBe('2026-11-27');
    expect(settlementDate('2026-11-25', '2026-11-25')).toBe('2026-11-27');
    expect(settlementDate('2026-11-25', '2026-12-01')).toBe('2026-12-01');
    expect(settlementDate('2026-11-25', '2026-12-05')).toBe('2026-12-07');
  });
});

describe('ACH return codes', () => {
  it('lets only R01 and R09 be sent again, twice, within 180 days', () => {
    expect(ACH_RETURN_CODES.filter((code) => ACH_RETURNS[code].retryable)).toEqual(['R01', 'R09']);
    const asked = { code: 'R01', retries: 0, firstSettledOn: '2026-01-05', on: '2026-01-12' };
    expect(mayRetry(asked)).toBe(true);
    expect(mayRetry({ ...asked, retries: 1 })).toBe(true);
    expect(mayRetry({ ...asked, retries: 2 })).toBe(false);
    expect(mayRetry({ ...asked, on: addDays('2026-01-05', 180) })).toBe(true);
    expect(mayRetry({ ...asked, on: addDays('2026-01-05', 181) })).toBe(false);
    expect(mayRetry({ ...asked, code: 'R02' })).toBe(false);
    expect(mayRetry({ ...asked, code: 'R99' })).toBe(false);
  });

  it('gives unauthorised entries sixty days and others two banking days', () => {
    const sixty = ACH_RETURN_CODES.filter((code) => ACH_RETURNS[code].class === 'unauthorised');
    expect(sixty).toEqual(['R05', 'R07', 'R10', 'R11', 'R29']);
    for (const code of sixty)
      expect(daysBetween('2026-11-25', returnDeadline(code, '2026-11-25') ?? '')).toBe(60);
    expect(returnDeadline('R01', '2026-11-25')).toBe('2026-11-30');
    expect(returnDeadline('R06', '2026-11-25')).toBeUndefined();
  });

  it.each([
    ['R02', 'account'],
    ['R08', 'stopped'],
    ['R23', 'refused'],
    ['R24', 'duplicate'],
    ['R09', 'funds'],
    ['R06', 'administrative'],
  ])('%s is of class %s', (code, kind) => {
    expect(achReturn(code)?.class).toBe(kind);
  });
});
