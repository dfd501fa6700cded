import { isCountry } from '../../constraints';
import type { CountryTerm, CurrencyTerm } from './types';

/** Other names and large cities, by country. Countries' own names come from CLDR. */
const ALSO: Readonly<Record<string, string>> = {
  US: 'usa, america, united states of america, new york, san francisco, los angeles, chicago, seattle, boston, austin, california, texas, florida',
  GB: 'uk, great britain, britain, england, scotland, wales, london, manchester, edinburgh',
  DE: 'berlin, munich, hamburg, frankfurt, cologne',
  FR: 'paris, lyon, marseille',
  CA: 'toronto, vancouver, montreal, ontario, quebec',
  AU: 'sydney, melbourne, brisbane',
  NL: 'holland, the netherlands, amsterdam, rotterdam',
  CH: 'zurich, geneva, basel',
  AT: 'vienna',
  IT: 'rome, milan',
  ES: 'madrid, barcelona',
  PT: 'lisbon, porto',
  IE: 'dublin',
  BE: 'brussels, antwerp',
  SE: 'stockholm',
  NO: 'oslo',
  DK: 'copenhagen',
  FI: 'helsinki',
  PL: 'warsaw, krakow',
  CZ: 'czech republic, prague',
  TR: 'turkey, istanbul',
  JP: 'tokyo, osaka',
  KR: 'korea, seoul',
  CN: 'beijing, shanghai, shenzhen',
  IN: 'mumbai, delhi, bangalore',
  SG: 'singapore city',
  AE: 'uae, dubai, abu dhabi',
  BR: 'sao paulo',
  MX: 'mexico city',
};

/** Codes that are safe to read as countries when written in capitals; others collide with words. */
export const COUNTRY_CODES_IN_TEXT: ReadonlySet<string> = new Set([
  'US',
  'USA',
  'UK',
  'UAE',
  'GB',
  'DE',
  'FR',
  'CH',
  'NL',
]);

const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

function allCountries(): CountryTerm[] {
  const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  const codes = letters.flatMap((a) => letters.map((b) => a + b)).filter(isCountry);
  return codes.map((code) => {
    const label = names.of(code) ?? code;
    const plain = label.replace(/\s*\(.*\)/, '').replace(/\s*&\s*/g, ' and ');
    const own = COUNTRY_CODES_IN_TEXT.has(code) ? [code.toLowerCase()] : [];
    return { code, label, words: [plain, ...own, ...(ALSO[code]?.split(', ') ?? [])] };
  });
}

export const COUNTRIES: readonly CountryTerm[] = allCountries();

/** Longer symbols first, so that "A$" is not read as "$". */
export const CURRENCIES: readonly CurrencyTerm[] = [
  { code: 'CAD', symbols: ['CA$', 'C$'], words: ['canadian dollar', 'canadian dollars'] },
  { code: 'AUD', symbols: ['AU$', 'A$'], words: ['australian dollar', 'australian dollars'] },
  { code: 'NZD', symbols: ['NZ$'], words: ['new zealand dollars'] },
  { code: 'SGD', symbols: ['S$'], words: ['singapore dollars'] },
  { code: 'HKD', symbols: ['HK$'], words: ['hong kong dollars'] },
  { code: 'BRL', symbols: ['R$'], words: ['reais', 'real'] },
  { code: 'USD', symbols: ['US$', '$'], words: ['dollar', 'dollars', 'us dollars', 'buck', 'bucks'] },
  { code: 'EUR', symbols: ['€'], words: ['euro', 'euros'] },
  { code: 'GBP', symbols: ['£'], words: ['pounds sterling', 'quid', 'british pounds', 'pounds'] },
  { code: 'JPY', symbols: ['¥'], words: ['yen'] },
  { code: 'INR', symbols: ['₹'], words: ['rupee', 'rupees'] },
  { code: 'CHF', symbols: [], words: ['swiss francs', 'francs', 'franken'] },
  { code: 'SEK', symbols: [], words: ['swedish kronor', 'kronor'] },
  { code: 'NOK', symbols: [], words: ['norwegian kroner'] },
  { code: 'DKK', symbols: [], words: ['danish kroner'] },
  { code: 'PLN', symbols: ['zł'], words: ['zloty', 'zlotys'] },
  { code: 'CNY', symbols: [], words: ['yuan', 'renminbi', 'rmb'] },
  { code: 'KRW', symbols: ['₩'], words: ['korean won'] },
  { code: 'MXN', symbols: ['MX$'], words: ['mexican pesos', 'pesos'] },
  { code: 'TRY', symbols: ['₺'], words: ['turkish lira', 'lira'] },
  { code: 'ILS', symbols: ['₪'], words: ['shekel', 'shekels'] },
  { code: 'ZAR', symbols: [], words: ['rand'] },
];

export const PACKAGING_UNITS = (
  'pair ream box pack packet case carton pallet bag bottle can jar tin roll sheet set unit piece pcs pc copy ' +
  'license licence seat ticket crate bundle dozen tube drum bucket item kit order'
).split(' ');

export const MEASURE_UNITS = (
  'inch inches in cm mm m meter metre km mile ft feet foot kg g gram kilo lb lbs pound oz ml l liter litre gallon ' +
  'gb tb mb hz khz mhz ghz w kw watt mah wh v volt amp mp megapixel megapixels person people man seater seats door ' +
  'burner slot port core cores hour hours hr hrs minute minutes min day days week weeks month months year years yr yo ' +
  'night nights star stars percent % degree degrees gsm p k d x speed gen series stage piece-set cup cups speaker-set'
).split(' ');
